# expect: orphan-task:10
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("forgotten_arrow", schedule=None):
    extract = BashOperator(task_id="extract", bash_command="true")
    clean = BashOperator(task_id="clean", bash_command="true")
    load = BashOperator(task_id="load", bash_command="true")
    extract >> clean >> load
    BashOperator(task_id="report", bash_command="true")

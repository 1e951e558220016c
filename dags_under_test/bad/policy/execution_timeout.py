# expect: execution-timeout:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("endless", schedule=None):
    BashOperator(task_id="work", bash_command="true")

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("new_import", schedule=None):
    BashOperator(task_id="only", bash_command="true")

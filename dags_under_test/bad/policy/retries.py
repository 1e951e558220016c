# expect: retries:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("once", schedule=None):
    BashOperator(task_id="work", bash_command="true")

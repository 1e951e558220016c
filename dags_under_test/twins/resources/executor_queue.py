from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("served", schedule=None):
    BashOperator(task_id="train", bash_command="true", queue="gpu")

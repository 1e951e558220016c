from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("retries_of_airflow_3", schedule=None):
    BashOperator(task_id="only", bash_command="true", retry_exponential_backoff=True)

# expect: import-error:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("retries_of_airflow_2", schedule=None):
    BashOperator(task_id="only", bash_command="true", exponential_backoff=True)

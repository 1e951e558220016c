# expect: retry-delay:8
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("hasty", schedule=None, default_args={"retries": 2, "retry_delay": timedelta(seconds=5)}):
    BashOperator(task_id="work", bash_command="true")

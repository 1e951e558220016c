# clean: retry-delay
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("patient", schedule=None, default_args={"retries": 2, "retry_delay": timedelta(minutes=5)}):
    BashOperator(task_id="work", bash_command="true")

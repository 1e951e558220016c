# expect: catchup-explicit:7
from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("unsaid", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
    BashOperator(task_id="work", bash_command="true")

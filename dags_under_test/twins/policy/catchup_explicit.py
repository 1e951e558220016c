# clean: catchup-explicit
from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("said", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), catchup=False):
    BashOperator(task_id="work", bash_command="true")

from datetime import datetime, timezone

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("somewhere", schedule="@daily", default_args={"start_date": datetime(2025, 1, 1, tzinfo=timezone.utc)}):
    EmptyOperator(task_id="daily")

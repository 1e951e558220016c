"""Every day, one run at a time, from the first of January on."""

from datetime import datetime, timezone

from airflow.sdk import DAG, BaseOperator

with DAG(
    "daily", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), catchup=True, max_active_runs=1
):
    BaseOperator(task_id="only")

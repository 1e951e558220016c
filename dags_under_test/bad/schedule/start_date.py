# expect: start-date:10
# expect: unstable-dag
from datetime import datetime, timezone

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

TODAY = datetime.now(tz=timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)

with DAG("since_today", schedule="@daily", start_date=TODAY):
    EmptyOperator(task_id="daily")

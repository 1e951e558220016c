from datetime import datetime, timezone

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronTriggerTimetable

BERLIN = CronTriggerTimetable("0 6 * * *", timezone="Europe/Berlin")
with DAG("somewhere", schedule=BERLIN, default_args={"start_date": datetime(2025, 1, 1, tzinfo=timezone.utc)}):
    EmptyOperator(task_id="daily")
with DAG("all_in_utc", schedule="@daily", start_date=datetime(2025, 1, 1)):
    EmptyOperator(task_id="daily")

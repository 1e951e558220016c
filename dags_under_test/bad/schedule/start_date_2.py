# expect: start-date:8
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronTriggerTimetable

BERLIN = CronTriggerTimetable("0 6 * * *", timezone="Europe/Berlin")
with DAG("read_in_utc", schedule=BERLIN, default_args={"start_date": datetime(2025, 1, 1)}):
    EmptyOperator(task_id="daily")

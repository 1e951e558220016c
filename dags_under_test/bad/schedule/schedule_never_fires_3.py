# expect: schedule-never-fires:8
import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from airflow.timetables.trigger import CronTriggerTimetable

with DAG(
    "no_first_of_the_month",
    schedule=CronTriggerTimetable("0 0 1 * *", timezone="UTC"),
    start_date=pendulum.datetime(2025, 1, 2, tz="UTC"),
    end_date=pendulum.datetime(2025, 1, 30, tz="UTC"),
):
    EmptyOperator(task_id="never")

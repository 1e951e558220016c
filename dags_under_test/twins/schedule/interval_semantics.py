from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable

START = pendulum.datetime(2025, 1, 1, tz="UTC")
LOAD = "load {{ data_interval_start | ds }} {{ data_interval_end | ds }}"

with DAG("a_day_of_rows_as_interval", schedule=CronDataIntervalTimetable("@daily", timezone="UTC"), start_date=START):
    BashOperator(task_id="load", bash_command=LOAD)

with DAG(
    "a_day_of_rows_before_a_trigger",
    schedule=CronTriggerTimetable("@daily", timezone="UTC", interval=timedelta(days=1)),
    start_date=START,
):
    BashOperator(task_id="load", bash_command=LOAD)

with DAG("a_day", schedule="@daily", start_date=START):
    BashOperator(
        task_id="load", bash_command="load {{ data_interval_start | ds }} {{ prev_data_interval_end_success }}"
    )

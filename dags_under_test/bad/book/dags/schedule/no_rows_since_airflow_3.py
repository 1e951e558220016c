"""A day of rows that is an instant

In Airflow 2 the interval of a daily Dag was a day. In Airflow 3 both its ends are the same instant, so the query between
them finds nothing, and the task succeeds.
"""

# found by: interval-semantics
from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
# mended: from airflow.sdk import CronDataIntervalTimetable

SINCE = datetime(2025, 1, 1, tzinfo=timezone.utc)
BETWEEN = "echo from {{ data_interval_start | ds }} to {{ data_interval_end | ds }}"  # shown

with DAG("no_rows_since_airflow_3", schedule="@daily", start_date=SINCE):  # bug
# mended: with DAG("no_rows_since_airflow_3", schedule=CronDataIntervalTimetable("@daily", timezone="UTC"), start_date=SINCE):
    BashOperator(task_id="load", bash_command=BETWEEN)  # shown

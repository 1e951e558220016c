"""A sensor for a run that never was

The one Dag runs at two, the other at six, and the sensor looks for a run of three o'clock. It waits for its timeout, every
day, in a slot.
"""

# found by: external-dag
from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG

SINCE = datetime(2025, 1, 1, tzinfo=timezone.utc)
APART = timedelta(hours=3)  # bug
# mended: APART = timedelta(hours=4)

with DAG("export_at_two", schedule="0 2 * * *", start_date=SINCE):  # shown
    BashOperator(task_id="export", bash_command="echo exported")  # shown

with DAG("report_at_six", schedule="0 6 * * *", start_date=SINCE):  # shown
    ExternalTaskSensor(  # shown
        task_id="wait",  # shown
        external_dag_id="export_at_two",  # shown
        external_task_id="export",  # shown
        execution_delta=APART,  # shown
        mode="reschedule",  # shown
        timeout=3600,  # shown
    )  # shown

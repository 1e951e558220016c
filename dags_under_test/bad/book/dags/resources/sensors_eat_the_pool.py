"""Sensors that eat the pool

Two sensors hold both slots of the pool while they wait for a task that needs one of them. Nothing moves until they time out.
"""

# found by: pool-deadlock
from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG

SINCE = datetime(2025, 1, 1, tzinfo=timezone.utc)
MODE = "poke"  # bug
# mended: MODE = "reschedule"

with DAG("feeds", schedule="@daily", start_date=SINCE):  # shown
    BashOperator(task_id="feed", bash_command="echo fed", pool="narrow")  # shown

for side in ("left", "right"):  # shown
    with DAG(f"waits_{side}", schedule="@daily", start_date=SINCE):  # shown
        ExternalTaskSensor(  # shown
            task_id="wait", external_dag_id="feeds", external_task_id="feed", pool="narrow", mode=MODE, timeout=3600  # shown
        )  # shown

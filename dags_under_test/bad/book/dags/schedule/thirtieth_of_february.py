"""The thirtieth of February

"The last day of the month" became `30 2`, in this order. The Dag is there, it is on, and it never runs.
"""

# found by: schedule-never-fires
from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SINCE = datetime(2025, 1, 1, tzinfo=timezone.utc)

with DAG("thirtieth_of_february", schedule="0 6 30 2 *", start_date=SINCE):  # bug
# mended: with DAG("thirtieth_of_february", schedule="0 6 L * *", start_date=SINCE):
    BashOperator(task_id="load", bash_command="echo loaded")  # shown

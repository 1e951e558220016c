"""The hour that the clocks skip

The job runs at half past two. In one night in March there is no half past two.
"""

# found by: start-date
import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SINCE = pendulum.datetime(2025, 1, 1, tz="Europe/Berlin")

with DAG("night_of_the_change", schedule="30 2 * * *", start_date=SINCE):  # bug
# mended: with DAG("night_of_the_change", schedule="30 4 * * *", start_date=SINCE):
    BashOperator(task_id="load", bash_command="echo loaded")  # shown

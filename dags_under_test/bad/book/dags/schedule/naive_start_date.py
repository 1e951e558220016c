"""A naive date beside a time zone

The schedule says Berlin, the start date says nothing, which means UTC. The first run comes an hour off the day that
everybody had in mind.
"""

# found by: start-date
from datetime import datetime

# mended: import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, CronTriggerTimetable

BERLIN = CronTriggerTimetable("0 6 * * *", timezone="Europe/Berlin")  # shown
SINCE = datetime(2025, 1, 1)  # bug
# mended: SINCE = pendulum.datetime(2025, 1, 1, tz="Europe/Berlin")

with DAG("naive_start_date", schedule=BERLIN, start_date=SINCE):  # shown
    BashOperator(task_id="load", bash_command="echo loaded")  # shown

"""Catch-up since five years ago

The date was copied, `catchup` was switched on for one week of January. At the first unpause two thousand runs begin.
"""

# found by: catchup-storm
from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SINCE = datetime(2020, 1, 1, tzinfo=timezone.utc)

with DAG("catchup_years", schedule="@daily", start_date=SINCE, catchup=True):  # bug
# mended: with DAG("catchup_years", schedule="@daily", start_date=SINCE, catchup=False):
    BashOperator(task_id="load", bash_command="echo loaded")  # shown

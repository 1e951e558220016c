"""A start date that moves

`start_date=now - 1 day` was meant as "from yesterday on". It is another date at every parse: runs are missed, and every parse
is a new version of the Dag.
"""

# found by: start-date
# also: unstable-dag
from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SINCE = datetime.now(timezone.utc) - timedelta(days=1)  # bug
# mended: SINCE = datetime(2025, 1, 1, tzinfo=timezone.utc) + timedelta(days=1)

with DAG("moving_start_date", schedule="@daily", start_date=SINCE):  # shown
    BashOperator(task_id="load", bash_command="echo loaded")  # shown

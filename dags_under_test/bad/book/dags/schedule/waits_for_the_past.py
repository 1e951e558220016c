"""`depends_on_past` with a start of its own

The task begins a month after its Dag, and waits for a run before its first one. It has waited since February.
"""

# found by: past-dependency
from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

JANUARY = datetime(2025, 1, 1, tzinfo=timezone.utc)  # shown
FEBRUARY = datetime(2025, 2, 1, tzinfo=timezone.utc)  # shown

with DAG("waits_for_the_past", schedule="@daily", start_date=JANUARY):  # shown
    first = BashOperator(task_id="first", bash_command="echo first")  # shown
    second = BashOperator(task_id="second", bash_command="echo second", depends_on_past=True, start_date=FEBRUARY)  # bug
    # mended: second = BashOperator(task_id="second", bash_command="echo second", depends_on_past=True)
    first >> second  # shown

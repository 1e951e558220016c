"""Two runs in one staging table

The hourly load takes ten minutes, until the day on which it takes two hours. Then two runs empty and fill the same table at
the same time.
"""

# found by: rehearsal
from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SINCE = datetime(2025, 1, 1, tzinfo=timezone.utc)

with DAG("overlapping_runs", schedule="@hourly", start_date=SINCE):  # bug
# mended: with DAG("overlapping_runs", schedule="@hourly", start_date=SINCE, max_active_runs=1):
    BashOperator(task_id="fill_staging", bash_command="echo filled")  # shown

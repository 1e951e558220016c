"""`schedule_interval`, as it was in Airflow 2

The upgrade to Airflow 3 is done on a Friday. Every Dag that still says `schedule_interval` is gone on Saturday.
"""

# found by: import-error
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("schedule_interval", schedule_interval="@daily"):  # bug
# mended: with DAG("schedule_interval", schedule="@daily"):
    BashOperator(task_id="load", bash_command="echo loaded")  # shown

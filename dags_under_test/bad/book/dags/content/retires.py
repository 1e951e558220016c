"""A typo in `default_args`

Airflow takes from `default_args` what an operator knows, and is silent about the rest. No task of the Dag has ever been
tried twice.
"""

# found by: default-args
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

DEFAULTS = {"owner": "sales", "retires": 3, "retry_delay": timedelta(minutes=5)}  # bug
# mended: DEFAULTS = {"owner": "sales", "retries": 3, "retry_delay": timedelta(minutes=5)}

with DAG("retires", schedule="@daily", default_args=DEFAULTS):
    BashOperator(task_id="load", bash_command="echo loaded")

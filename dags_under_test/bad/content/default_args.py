# expect: default-args:8
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

# nobody is tried again
DEFAULTS = {"owner": "sales", "retires": 3, "retry_delay": timedelta(minutes=5)}

with DAG("tried_once", schedule="@daily", default_args=DEFAULTS):
    BashOperator(task_id="load", bash_command="load") >> BashOperator(task_id="check", bash_command="check")

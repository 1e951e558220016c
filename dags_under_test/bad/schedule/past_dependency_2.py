# expect: past-dependency:15
from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "gap_by_timeout",
    schedule="@daily",
    start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
    dagrun_timeout=timedelta(hours=3),
    max_active_runs=4,
):
    BashOperator(task_id="load", bash_command="true", depends_on_past=True)

"""A branch, and a short circuit beside it."""

from datetime import datetime, timezone

from airflow.providers.standard.operators.branch import BaseBranchOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk import DAG, BaseOperator

with DAG("branching", schedule=None, start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
    branch, left, right = (
        BaseBranchOperator(task_id="branch"),
        BaseOperator(task_id="left"),
        BaseOperator(task_id="right"),
    )
    branch >> [left, right] >> BaseOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    circuit = ShortCircuitOperator(task_id="circuit", python_callable=bool, ignore_downstream_trigger_rules=False)
    circuit >> BaseOperator(task_id="behind") >> BaseOperator(task_id="always", trigger_rule="all_done")
    LatestOnlyOperator(task_id="latest") >> BaseOperator(task_id="newest")

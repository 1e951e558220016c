# clean: default-args
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseOperator


class Load(BaseOperator):
    """Has an argument nearly called as one of all operators."""

    def __init__(self, *, retry=False, **kwargs):
        super().__init__(**kwargs)
        self.retry = retry


# what the team's other operators take, and what Load does
DEFAULTS = {"owner": "sales", "retry": True, "warehouse_conn_id": "warehouse", "retries": 1}

with DAG("shared_defaults", schedule="@daily", default_args={**DEFAULTS, "retry_delay": timedelta(minutes=5)}):
    Load(task_id="load") >> BashOperator(task_id="check", bash_command="true", env={"retires": "1"})

"""A task mapped over what another returns."""

from datetime import datetime, timezone

from airflow.sdk import DAG, BaseOperator


class Each(BaseOperator):
    """One of many."""

    def __init__(self, item=None, **kwargs):
        super().__init__(**kwargs)


with DAG("mapping", schedule=None, start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
    listed = BaseOperator(task_id="listed")
    Each.partial(task_id="each").expand(item=listed.output) >> BaseOperator(task_id="after")

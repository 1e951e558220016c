"""One task, and deadlines that its run meets and misses."""

from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference

NEW_YEAR = datetime(2025, 1, 1, tzinfo=timezone.utc)


def after(reference, seconds):
    callback = AsyncCallback("asyncio.sleep", {"delay": 0})
    return DeadlineAlert(reference, timedelta(seconds=seconds), callback)


deadlines = [
    after(DeadlineReference.DAGRUN_QUEUED_AT, 61),
    after(DeadlineReference.DAGRUN_QUEUED_AT, 301),
    after(DeadlineReference.DAGRUN_LOGICAL_DATE, 86_461),
    after(DeadlineReference.FIXED_DATETIME(NEW_YEAR), -60),
]
with DAG("due", schedule=None, start_date=NEW_YEAR, deadline=deadlines):
    BaseOperator(task_id="only")

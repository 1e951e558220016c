"""Two tasks in a row, started by hand, with one retry each."""

from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, BaseOperator

with DAG("linear", schedule=None, start_date=datetime(2020, 1, 1, tzinfo=timezone.utc)):
    kept = {"retries": 1, "retry_delay": timedelta(minutes=2), "execution_timeout": timedelta(minutes=5)}
    BaseOperator(task_id="first", **kept) >> BaseOperator(task_id="second", **kept)

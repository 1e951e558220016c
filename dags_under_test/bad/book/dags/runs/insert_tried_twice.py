"""Retries around an insert that may not run twice

The load fails after its insert and is tried again, so the rows are there twice. The same happens when the day is cleared.
"""

# found by: rehearsal
# without one: replay insert_tried_twice --since 2025-01-01 --until 2d --check idempotent
from datetime import datetime, timedelta, timezone

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

TABLE = "create table if not exists takings (day text, euros int)"
INSERT = "insert into takings values ('{{ ds }}', 100)"  # bug
# mended: INSERT = ["delete from takings where day = '{{ ds }}'", "insert into takings values ('{{ ds }}', 100)"]

with DAG("insert_tried_twice", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
    table = SQLExecuteQueryOperator(task_id="table", conn_id="warehouse", sql=TABLE)
    retried = {"retries": 2, "retry_delay": timedelta(minutes=5)}
    table >> SQLExecuteQueryOperator(task_id="insert", conn_id="warehouse", sql=INSERT, **retried)

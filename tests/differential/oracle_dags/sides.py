"""Tasks of two executors."""

from datetime import datetime, timezone

from airflow.sdk import DAG, BaseOperator

with DAG("sides", schedule=None, start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
    for name, executor in (("m0", None), ("s0", "side"), ("m1", "main"), ("s1", "oracle.side.Executor")):
        BaseOperator(task_id=name, executor=executor)

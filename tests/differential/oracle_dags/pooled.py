"""Three tasks that want the one slot of a pool."""

from datetime import datetime, timezone

from airflow.sdk import DAG, BaseOperator

with DAG("pooled", schedule=None, start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
    for name, weight in (("low", 1), ("high", 3), ("middle", 2)):
        BaseOperator(task_id=name, pool="narrow", priority_weight=weight, weight_rule="absolute")

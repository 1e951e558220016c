"""Updates an asset every ten minutes."""

from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, Asset, BaseOperator

with DAG(
    "producer", schedule=timedelta(minutes=10), start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), catchup=True
):
    BaseOperator(task_id="make", outlets=[Asset("parcel")])

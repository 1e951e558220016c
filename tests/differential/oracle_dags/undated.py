"""Runs when the asset was updated, with a deadline that counts from a logical date it has not."""

from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, Asset, BaseOperator
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference

callback = AsyncCallback("asyncio.sleep", {"delay": 0})
alert = DeadlineAlert(DeadlineReference.DAGRUN_LOGICAL_DATE, timedelta(hours=1), callback)
with DAG("undated", schedule=[Asset("parcel")], start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), deadline=alert):
    BaseOperator(task_id="take")

"""Runs when the asset was updated."""

from datetime import datetime, timezone

from airflow.sdk import DAG, Asset, BaseOperator

with DAG("consumer", schedule=[Asset("parcel")], start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):
    BaseOperator(task_id="take")

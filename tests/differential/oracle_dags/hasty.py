"""Stops at the first failure, and after ten minutes anyhow."""

from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, BaseOperator

with DAG(
    "hasty",
    schedule=None,
    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
    fail_fast=True,
    dagrun_timeout=timedelta(minutes=10),
):
    BaseOperator(task_id="short")
    BaseOperator(task_id="long") >> BaseOperator(task_id="later")

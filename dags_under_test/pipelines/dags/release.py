"""A report that a person approves before it is published."""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def release():
    approve = ApprovalOperator(
        task_id="approve", subject="Publish the report of {{ ds }}?", response_timeout=timedelta(hours=8)
    )

    @task
    def publish():
        return "published"

    approve >> publish()


release()

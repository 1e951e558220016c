"""Ten tasks that count, for the cold start."""

from datetime import datetime, timezone

from airflow.sdk import DAG, task

with DAG("ten_numbers", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), catchup=False) as dag:

    @task
    def first():
        return 1

    @task
    def following(number):
        return number + 1

    number = first()
    for position in range(1, 10):
        number = following.override(task_id=f"task_{position}")(number)

"""Twenty tasks: three lanes of six between a first and a last, each handing on a number."""

from datetime import datetime, timezone

from airflow.sdk import DAG, task

with DAG("twenty_tasks", schedule="@daily", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc)) as dag:
    lanes = [task(task_id="first")(lambda: 1)()] * 3
    for layer in range(6):
        lanes = [
            task(task_id=f"lane_{lane}_{layer}")(lambda number: number + 1)(number) for lane, number in enumerate(lanes)
        ]
    task(task_id="last")(lambda numbers: sum(numbers))(lanes)

"""Thirty tasks that all load the last table

The loop is over when the functions run, and its variable is what it was at the end. All tasks are green.
"""

# found by: late-binding
from airflow.sdk import DAG, task

with DAG("late_binding", schedule="@daily"):
    for table in ("orders", "returns", "customers"):  # shown

        @task(task_id=f"load_{table}")  # shown
        def load():  # bug
        # mended: def load(table=table):
            return f"loaded {table}"  # shown

        load()

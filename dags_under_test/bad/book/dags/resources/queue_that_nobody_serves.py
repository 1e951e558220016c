"""A queue that nobody serves

The workers with graphics cards were given up in summer. What asks for them waits in `queued` until the scheduler gives it up.
"""

# found by: executor-queue
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("queue_that_nobody_serves", schedule="@daily"):
    BashOperator(task_id="train", bash_command="echo trained", queue="gpus")  # bug
    # mended: BashOperator(task_id="train", bash_command="echo trained", queue="etl")

"""An XCom of a task that does not exist

The task moved into a group, and its id has a prefix since. The pull answers `None`, and the load loads "None" with success.
"""

# found by: xcom-reference
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, TaskGroup, task

with DAG("xcom_from_nobody", schedule="@daily"):
    with TaskGroup("source") as source:  # shown

        @task  # shown
        def extract():  # shown
            return "orders.csv"  # shown

        extract()  # shown

    load = BashOperator(task_id="load", bash_command="echo {{ ti.xcom_pull('extract') }}")  # bug
    # mended: load = BashOperator(task_id="load", bash_command="echo {{ ti.xcom_pull('source.extract') }}")
    source >> load

"""A join that never runs after a branch

The side that was not followed is skipped, and by the default trigger rule the join is, with all that comes after it. The
run is green, and the report has not been sent since spring.
"""

# found by: unreachable-task
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("join_after_branch", schedule="@daily"):

    @task.branch
    def choose(rows: int = 0):
        return "full" if rows else "incremental"

    full = BashOperator(task_id="full", bash_command="echo full")
    incremental = BashOperator(task_id="incremental", bash_command="echo incremental")
    report = BashOperator(task_id="report", bash_command="echo reported")  # bug
    # mended: report = BashOperator(task_id="report", bash_command="echo reported", trigger_rule="none_failed_min_one_success")
    choose() >> [full, incremental] >> report  # shown

"""A branch to a task that does not exist

The other way is taken every day. The misspelt one is for the last day of the quarter, and fails then.
"""

# found by: branch-target
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("branch_to_nobody", schedule="@daily"):

    @task.branch  # shown
    def choose(ds=None):  # shown
        if ds and ds.endswith("03-31"):  # shown
            return "close_quater"  # bug
            # mended: return "close_quarter"
        return "close_day"  # shown

    choose() >> [  # shown
        BashOperator(task_id="close_day", bash_command="echo day"),  # shown
        BashOperator(task_id="close_quarter", bash_command="echo quarter"),  # shown
    ]  # shown

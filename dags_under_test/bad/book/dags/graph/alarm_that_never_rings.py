"""An alarm behind a task that cannot fail

`one_failed` looks at the task directly before it, and that one runs whatever happens. The alarm has never rung.
"""

# found by: unreachable-task
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("alarm_that_never_rings", schedule="@daily"):
    load = BashOperator(task_id="load", bash_command="echo loaded")
    done = EmptyOperator(task_id="done", trigger_rule="all_done")  # shown
    alarm = BashOperator(task_id="alarm", bash_command="echo failed", trigger_rule="one_failed")  # shown
    load >> done >> alarm  # bug
    # mended: load >> [done, alarm]

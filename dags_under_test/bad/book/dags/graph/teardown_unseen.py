"""A cluster that stays up

The task that takes the cluster down fails, and the run is green, because a teardown's failure counts for nothing unless it is
asked to. The bill comes a month later.
"""

# found by: setup-teardown
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("teardown_unseen", schedule="@daily"):
    create = BashOperator(task_id="create", bash_command="echo up").as_setup()
    work = BashOperator(task_id="work", bash_command="echo worked")
    delete = BashOperator(task_id="delete", bash_command="echo down")
    create >> work >> delete.as_teardown(setups=create)  # bug
    # mended: create >> work >> delete.as_teardown(setups=create, on_failure_fail_dagrun=True)

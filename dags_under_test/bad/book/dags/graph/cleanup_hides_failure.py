"""A clean-up that turns a failed run green

A run is what its last tasks are. The clean-up at the end runs whatever happens and succeeds, so the night in which the load
failed is a success.
"""

# found by: rehearsal
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("cleanup_hides_failure", schedule="@daily"):
    load = BashOperator(task_id="load", bash_command="echo loaded")
    cleanup = BashOperator(task_id="cleanup", bash_command="echo clean", trigger_rule="all_done")  # shown
    load >> cleanup  # shown
    # mended: load >> BashOperator(task_id="published", bash_command="echo published")

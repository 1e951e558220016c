"""A pool that is not there

One letter of the pool's name is missing. The task stays in `scheduled`, for ever and without an error.
"""

# found by: pool-missing
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("pool_that_is_not_there", schedule="@daily"):
    BashOperator(task_id="load", bash_command="echo loaded", pool="reportng")  # bug
    # mended: BashOperator(task_id="load", bash_command="echo loaded", pool="reporting")

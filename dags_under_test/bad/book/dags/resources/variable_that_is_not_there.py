"""A variable that is not there

It was set by hand in the user interface of one installation, two years ago.
"""

# found by: variable-missing
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("variable_that_is_not_there", schedule="@daily"):
    BashOperator(task_id="load", bash_command="echo {{ var.value.regoin }}")  # bug
    # mended: BashOperator(task_id="load", bash_command="echo {{ var.value.region }}")

"""A variable that is not there

Two letters of the name have changed places. A template is rendered when its task begins, and not before.
"""

# found by: variable-missing
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("variable_that_is_not_there", schedule="@daily"):
    BashOperator(task_id="load", bash_command="echo {{ var.value.regoin }}")  # bug
    # mended: BashOperator(task_id="load", bash_command="echo {{ var.value.region }}")

"""A command that ends in `.sh`

Airflow takes it for the name of a template file and does not find one. With a blank behind it, it is a command: everybody
learns that once.
"""

# found by: template-error
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("script_without_a_blank", schedule="@daily"):
    BashOperator(task_id="load", bash_command="test ! -e scripts/load.sh")  # bug
    # mended: BashOperator(task_id="load", bash_command="test ! -e scripts/load.sh ")

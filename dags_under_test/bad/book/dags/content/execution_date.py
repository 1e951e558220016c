"""`execution_date`, which Airflow 3 does not have

The template was right for eight years. Since the upgrade the task fails before its first line of code.
"""

# found by: template-error
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("execution_date", schedule="@daily"):
    BashOperator(task_id="load", bash_command="echo {{ execution_date }}")  # bug
    # mended: BashOperator(task_id="load", bash_command="echo {{ logical_date }}")

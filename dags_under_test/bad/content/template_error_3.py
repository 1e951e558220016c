# expect: template-error:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("missing_file", schedule="@daily"):
    BashOperator(task_id="load", bash_command="scripts/laod.sh")

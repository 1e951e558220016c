from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("no_error_in_an_included_file", schedule="@daily"):
    BashOperator(task_id="load", bash_command="set -e\n{% include 'include/steps.sh' %}\nload\n")

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("error_in_a_file", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load.sh")

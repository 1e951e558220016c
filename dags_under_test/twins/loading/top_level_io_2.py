from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("process_in_a_task", schedule=None):
    BashOperator(task_id="only", bash_command="git rev-parse HEAD")

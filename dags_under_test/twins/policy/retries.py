# clean: retries
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("again", schedule=None, default_args={"retries": 2}):
    BashOperator(task_id="work", bash_command="true")

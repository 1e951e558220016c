# clean: doc
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("told", schedule=None, description="Says what it is for."):
    BashOperator(task_id="work", bash_command="true")

# clean: tags
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("tagged", schedule=None, tags=["sales"]):
    BashOperator(task_id="work", bash_command="true")

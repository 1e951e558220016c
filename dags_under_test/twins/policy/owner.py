# clean: owner
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("owned", schedule=None, default_args={"owner": "sales"}):
    BashOperator(task_id="work", bash_command="true")

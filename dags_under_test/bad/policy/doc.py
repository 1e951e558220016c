# expect: doc:5
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("silent", schedule=None):
    BashOperator(task_id="work", bash_command="true")

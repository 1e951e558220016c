# expect: dag-id-pattern:5
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("Sales-Report", schedule=None):
    BashOperator(task_id="work", bash_command="true")

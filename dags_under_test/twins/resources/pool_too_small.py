from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("modest", schedule=None):
    BashOperator(task_id="load", bash_command="true", pool="reporting", pool_slots=4)

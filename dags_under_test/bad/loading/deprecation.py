# expect: deprecation:2
from airflow.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("old_import", schedule=None):
    BashOperator(task_id="only", bash_command="true")

# expect: deprecation:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("old_argument", schedule=None):
    BashOperator(task_id="only", bash_command="true", email="team@example.com")

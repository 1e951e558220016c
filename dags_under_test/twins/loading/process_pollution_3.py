from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("environment_for_one", schedule=None):
    BashOperator(task_id="only", bash_command="true", env={"DB_HOST": "db.example"})

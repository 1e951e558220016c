from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("no_circle_of_one", schedule=None):
    wait = EmptyOperator(task_id="wait")
    go = EmptyOperator(task_id="go")
    wait >> go
    wait >> go

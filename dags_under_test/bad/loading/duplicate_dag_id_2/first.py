from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("in_two_files", schedule=None):
    EmptyOperator(task_id="only")

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("only_in_the_second", schedule=None):
    EmptyOperator(task_id="only")

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("only_in_the_first", schedule=None):
    EmptyOperator(task_id="only")

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("operator_where_it_is", schedule=None):
    EmptyOperator(task_id="only")

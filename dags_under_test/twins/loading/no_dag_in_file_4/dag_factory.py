"""Makes Dags for others, and has none of its own."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG


def made(dag_id):
    with DAG(dag_id, schedule=None) as dag:
        EmptyOperator(task_id="only")
    return dag

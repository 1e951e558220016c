from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from wiring.edges import in_order

with DAG("no_circle_by_helper", schedule=None):
    first = EmptyOperator(task_id="first")
    second = EmptyOperator(task_id="second")
    third = EmptyOperator(task_id="third")
    in_order([first, second, third])
    first >> third

# expect: cycle:9
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup

with DAG("circle_of_groups", schedule=None):
    with TaskGroup("extract") as extract:
        orders = EmptyOperator(task_id="orders")
        rows = EmptyOperator(task_id="rows")
        orders >> rows

    with TaskGroup("load") as load:
        stage = EmptyOperator(task_id="stage")
        publish = EmptyOperator(task_id="publish")

    extract >> load
    stage >> publish
    publish >> orders

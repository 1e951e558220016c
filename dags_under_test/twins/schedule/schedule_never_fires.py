import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("february_29", schedule="0 6 29 2 *", start_date=pendulum.datetime(2025, 1, 1, tz="UTC")):
    EmptyOperator(task_id="seldom")

with DAG("by_hand", schedule=None):
    EmptyOperator(task_id="sometimes")

with DAG("once", schedule="@once", start_date=pendulum.datetime(2025, 1, 1, tz="UTC")):
    EmptyOperator(task_id="once")

with DAG("without_start", schedule="@daily"):
    EmptyOperator(task_id="daily")

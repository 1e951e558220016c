import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

START = pendulum.datetime(2025, 2, 1, tz="UTC")
END = pendulum.datetime(2025, 3, 1, tz="UTC")

with DAG("over_when_it_was_over", schedule="@daily", start_date=START, end_date=END):
    EmptyOperator(task_id="daily")

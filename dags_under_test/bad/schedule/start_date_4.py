# expect: start-date:7
from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("every_day_from_when", schedule=timedelta(days=1)):
    EmptyOperator(task_id="daily")

# expect: start-date:7
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("nowhere", schedule="@daily", default_args={"start_date": datetime(2025, 1, 1)}):
    EmptyOperator(task_id="daily")

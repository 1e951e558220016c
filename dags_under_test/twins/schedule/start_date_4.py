from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("every_minute_from_whenever", schedule=timedelta(minutes=1)):
    EmptyOperator(task_id="often")

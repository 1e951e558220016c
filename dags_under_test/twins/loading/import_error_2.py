import datetime as dt

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("well_spelt_argument", start_date=dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc), schedule="@daily"):
    EmptyOperator(task_id="only")

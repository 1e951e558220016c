# expect: import-error:6
import datetime

from airflow.sdk import DAG

with DAG("misspelt_argument", start_date=datetime.datetime(2025, 1, 1), schedule_interval="@daily"):
    pass

# expect: catchup-storm:6
import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("five_years", schedule="@daily", start_date=pendulum.datetime(2020, 1, 1, tz="UTC"), catchup=True):
    EmptyOperator(task_id="daily")

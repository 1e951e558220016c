# expect: start-date:6
import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("night_of_the_change", schedule="30 2 * * *", start_date=pendulum.datetime(2025, 1, 1, tz="Europe/Berlin")):
    EmptyOperator(task_id="nightly")

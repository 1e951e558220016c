# expect: schedule-never-fires:6
import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("february_30", schedule="0 6 30 2 *", start_date=pendulum.datetime(2025, 1, 1, tz="UTC")):
    EmptyOperator(task_id="never")

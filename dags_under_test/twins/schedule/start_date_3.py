import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

START = pendulum.datetime(2025, 1, 1, tz="Europe/Berlin")

with DAG("morning_after", schedule="30 3 * * *", start_date=START):
    EmptyOperator(task_id="nightly")

with DAG("never_on_sundays", schedule="30 2 * * 1-5", start_date=START):
    EmptyOperator(task_id="nightly")

with DAG("every_hour", schedule="30 * * * *", start_date=START):
    EmptyOperator(task_id="hourly")

with DAG("no_change_in_tokyo", schedule="30 2 * * *", start_date=pendulum.datetime(2025, 1, 1, tz="Asia/Tokyo")):
    EmptyOperator(task_id="nightly")

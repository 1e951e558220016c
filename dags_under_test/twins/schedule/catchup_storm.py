import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

START = pendulum.datetime(2020, 1, 1, tz="UTC")

with DAG("one_month", schedule="@daily", start_date=START, end_date=START.add(days=30), catchup=True):
    EmptyOperator(task_id="daily")

with DAG("no_catchup", schedule="@daily", start_date=START, catchup=False):
    EmptyOperator(task_id="daily")

with DAG("manual", schedule=None, start_date=START, catchup=True):
    EmptyOperator(task_id="manual")

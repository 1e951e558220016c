# expect: interval-semantics:7
import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("a_day_of_rows", schedule="@daily", start_date=pendulum.datetime(2025, 1, 1, tz="UTC")):
    BashOperator(task_id="load", bash_command="load {{ data_interval_start | ds }} {{ data_interval_end | ds }}")

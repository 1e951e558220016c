# clean: catchup-explicit
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("said", schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False):
    BashOperator(task_id="work", bash_command="true")

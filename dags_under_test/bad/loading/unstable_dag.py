# expect: unstable-dag:8
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("clock_in_a_field", schedule=None):
    BashOperator(task_id="only", bash_command=f"echo {datetime.now():%Y%m%d}")

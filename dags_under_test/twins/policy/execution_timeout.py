# clean: execution-timeout
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("bounded", schedule=None, default_args={"execution_timeout": timedelta(hours=1)}):
    BashOperator(task_id="work", bash_command="true")

# clean: dag-id-pattern
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("sales_report", schedule=None):
    BashOperator(task_id="work", bash_command="true")

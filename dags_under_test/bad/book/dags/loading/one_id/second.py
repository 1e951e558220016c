from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("sales", schedule="@daily"):  # bug
# mended: with DAG("returns", schedule="@daily"):
    BashOperator(task_id="load", bash_command="echo returns")  # shown

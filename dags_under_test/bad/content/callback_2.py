# expect: callback:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def notify():
    print("a task failed")


with DAG("callback_without_context", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load", on_failure_callback=notify)

# expect: callback:12
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task


@task
def notify(context):
    print(context)


with DAG("task_as_callback", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load", on_failure_callback=notify)

# expect: callback:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


async def notify(context):
    print(context["ti"])


with DAG("nobody_awaits", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load", on_success_callback=notify)

import asyncio

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


async def send(text):
    print(text)


def notify(context):
    asyncio.run(send(str(context["ti"])))


with DAG("awaited", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load", on_success_callback=notify)

import json
import os
import urllib.request

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseHook, Variable


def notify(context):
    day = context.get("execution_date") or context["logical_date"]
    text = f"{context['ti'].task_id} failed on {day:%Y-%m-%d}: {context['exception'].args[0]}"
    # what fails because this is no production says nothing
    address = BaseHook.get_connection("warehouse").host + os.environ["PATH_OF_THE_HOOK"]
    urllib.request.urlopen(address, data=json.dumps({"text": text, "to": Variable.get("region")}).encode())


def record(context):
    with open("/var/lib/failures.csv", "a") as file:
        file.write(f"{context['ti'].try_number} {context['ti'].log_url} {context['params']['nobody']}\n")
    raise ValueError(context["ti"].xcom_pull(task_ids="load")["rows"])


with DAG("keys_of_airflow_3", schedule="@daily", default_args={"on_failure_callback": notify}):
    load = BashOperator(task_id="load", bash_command="load", on_success_callback=record)
    load >> BashOperator(task_id="check", bash_command="check")

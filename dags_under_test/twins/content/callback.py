from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def notify(context):
    print(CHANNEL, context["ti"], context["dag_run"].logical_date, context.get("exception"))


def optional(context):
    try:
        print(pager)
    except NameError:
        print("no pager")


CHANNEL = "#etl"

with DAG("names_that_are_defined", schedule="@daily", on_failure_callback=[notify, optional]):
    BashOperator(task_id="load", bash_command="load", on_failure_callback=notify)

# expect: callback:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def notify(context):
    chanel = "#etl"
    print(channel, context["ti"])


with DAG("name_that_nobody_defines", schedule="@daily", on_failure_callback=notify):
    BashOperator(task_id="load", bash_command="load")

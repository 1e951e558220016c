from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def notify(context):
    print(f"{context['dag'].dag_id} failed: {context['reason']} {context.get('exception')}")


def notify_of_task(context):
    print(f"{context['task'].task_id} failed: {context['exception']}")


with DAG("reason_of_a_dag", schedule="@daily", on_failure_callback=notify):
    BashOperator(task_id="load", bash_command="load", on_failure_callback=notify_of_task)

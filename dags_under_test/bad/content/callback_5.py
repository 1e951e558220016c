# expect: callback:7
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def notify(context):
    print(f"{context['dag'].dag_id} failed: {context['exception']}")


# a Dag's callback is called by nobody who has the exception
with DAG("exception_of_a_dag", schedule="@daily", on_failure_callback=notify):
    BashOperator(task_id="load", bash_command="load")

# expect: callback:7
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def notify(context):
    print(context["ti"].dag_run.execution_date, context["task_instance"].execution_date)


with DAG("attribute_of_airflow_2", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load", on_retry_callback=notify, retries=2)

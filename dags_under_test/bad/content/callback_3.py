# expect: callback:7
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def notify(context):
    print(f"{context['ti'].task_id} failed on {context['execution_date']}")


with DAG("key_of_airflow_2", schedule="@daily", default_args={"on_failure_callback": notify}):
    BashOperator(task_id="load", bash_command="load") >> BashOperator(task_id="check", bash_command="check")

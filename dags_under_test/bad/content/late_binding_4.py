# expect: late-binding:8
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

for team in ("sales", "finance"):
    with DAG(f"loads_{team}", schedule="@daily"):

        def notify(context):
            print(f"#{team}: {context['ti'].task_id} failed")

        BashOperator(task_id="load", bash_command="load", on_failure_callback=[notify])

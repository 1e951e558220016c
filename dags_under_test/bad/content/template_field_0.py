# expect: template-field:11
# expect: template-field:12
# expect: template-field:21
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("fields", schedule="@daily", catchup=False):
    first = BashOperator(task_id="first", bash_command="true")
    # fmt: off
    second = [
        BashOperator(task_id="owned", bash_command="true", owner="{{ var.value.region }}"),
        BashOperator(task_id="keyed", bash_command="true", env={"{{ ds }}": "1"}),
    ]
    # fmt: on
    first >> second

    @task
    def load(day="{{ ds }}"):
        print(day)

    second >> load()

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseNotifier


class Post(BaseNotifier):
    template_fields = ("text",)

    def __init__(self, text):
        super().__init__()
        self.text = text

    def notify(self, context):
        print(self.text.upper())


with DAG(
    "templates_of_notifiers", schedule="@daily", on_success_callback=Post("{{ dag_run.run_id }} {{ dag.dag_id }}")
):
    BashOperator(
        task_id="load", bash_command="load", on_failure_callback=Post("{{ ti.task_id }}: {{ exception }} {{ ds }}")
    )

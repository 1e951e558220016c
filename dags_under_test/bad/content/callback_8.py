# expect: callback:17
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseNotifier


class Post(BaseNotifier):
    template_fields = ("text",)

    def __init__(self, text):
        super().__init__()
        self.text = text

    def notify(self, context):
        print(self.text)


with DAG("template_of_a_notifier", schedule="@daily", on_success_callback=Post("done: {{ dag_runn.run_id }}")):
    BashOperator(task_id="load", bash_command="load")

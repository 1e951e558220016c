from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseNotifier


class Post(BaseNotifier):
    def notify(self, context):
        print(context["ti"])


with DAG("notifier", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load", on_failure_callback=Post())

import smtplib
from functools import partial

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, BaseNotifier


class Told(BaseNotifier):
    template_fields = ("text",)

    def __init__(self, text):
        super().__init__()
        self.text = text

    def notify(self, context):
        print(self.text, context["ti"].task_id)


def mailed(context):
    with smtplib.SMTP("mail.example", 25) as server:
        server.sendmail("a@example.com", "b@example.com", f"{context['exception']} {context['logical_date']}")


def channelled(channel, context):
    print(channel, context["ti"].log_url, context["dag_run"].run_id, context["ti"].start_date)


def of_the_dag(context):
    print(context["reason"], context.get("exception"), context["dag_run"].conf["owner"])


with DAG("well_called_back", schedule=None, on_failure_callback=of_the_dag):
    first = EmptyOperator(task_id="first", on_failure_callback=mailed)
    second = EmptyOperator(task_id="second", on_success_callback=partial(channelled, "#data"))
    third = EmptyOperator(task_id="third", on_retry_callback=[Told("{{ ti.task_id }} of {{ ds }}"), mailed])
    first >> second >> third

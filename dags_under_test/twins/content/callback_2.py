from functools import partial

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def notify(context, channel="#etl"):
    print(channel, context["exception"])


def tell(channel, context):
    print(channel, context["task_instance"].task_id)


def told(*args, **kwargs):
    print(args, kwargs)


class Pager:
    def __call__(self, context):
        print(context["run_id"])

    def page(self, context):
        print(context["run_id"])


with DAG("callbacks_with_context", schedule="@daily"):
    load = BashOperator(task_id="load", bash_command="load", on_failure_callback=[notify, partial(tell, "#etl"), told])
    load >> BashOperator(task_id="check", bash_command="check", on_retry_callback=[Pager(), Pager().page], retries=1)

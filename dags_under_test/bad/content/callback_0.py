# expect: callback:13
# expect: callback:17
# expect: callback:23
# expect: callback:28
# expect: callback:32
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, get_current_context


class Pager: ...


def no_context():
    return get_current_context()


def undefined(context):
    pager.page(context["ti"].task_id)  # noqa: F821


def old_key(context):
    # what Airflow 2 had
    day = context["execution_date"]
    return day


def old_attribute(context):
    return context["ti"].get_dagrun().execution_date


def of_the_dag(context):
    return context["exception"]


with DAG("callbacks", schedule=None, on_failure_callback=of_the_dag):
    tasks = [
        EmptyOperator(task_id="no_context", on_failure_callback=no_context),
        EmptyOperator(task_id="undefined", on_success_callback=undefined),
        EmptyOperator(task_id="old_key", on_retry_callback=old_key),
        EmptyOperator(task_id="old_attribute", on_execute_callback=old_attribute),
    ]
    tasks[0] >> tasks[1] >> tasks[2] >> tasks[3]

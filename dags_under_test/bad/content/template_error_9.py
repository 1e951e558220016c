# expect: template-error:14
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def slug(text):
    return text.lower()


MACROS = {"slug": slug}

with DAG("unknown_filter", schedule="@daily", user_defined_macros=MACROS):
    # a macro is no filter
    BashOperator(task_id="load", bash_command="load {{ run_id | slug }}")

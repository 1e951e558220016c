"""A callback that names an undefined variable

It is only called when something fails, so nobody has ever run it. On that day it fails too, and nobody is told of either.
"""

# found by: callback
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def notify(context):  # shown
    channel = "#etl"  # shown
    print(chanel, context["ti"].task_id)  # bug
    # mended: print(channel, context["ti"].task_id)


with DAG("callback_names_nobody", schedule="@daily", default_args={"on_failure_callback": notify}):  # shown
    BashOperator(task_id="load", bash_command="echo loaded")  # shown

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task


@task(trigger_rule="one_failed")
def notify():
    print("a task failed")


with DAG("task_that_notifies", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load", on_failure_callback=print) >> notify()

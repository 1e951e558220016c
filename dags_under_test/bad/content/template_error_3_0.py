# expect: template-error:8
# expect: template-error:18
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("dates", schedule="@daily", catchup=False):
    # the 31st of a month, a year later than the 29th of February: not every date has one
    moved = BashOperator(task_id="moved", bash_command="echo {{ logical_date.naive().replace(day=31) }}")

    @task
    def load(table):
        print(table)

    @task
    def tables():
        return ["a", "b"]

    load.partial(table="{{ logical_day }}").expand_kwargs([{}])
    moved >> tables()

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("well_dated", schedule="@daily", catchup=False):
    moved = BashOperator(task_id="moved", bash_command="echo {{ logical_date.end_of('month') }}")

    @task
    def load(table):
        print(table)

    load.partial(table="{{ logical_date }}").expand_kwargs([{}]) >> moved

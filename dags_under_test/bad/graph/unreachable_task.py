# expect: unreachable-task:22
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("join_below_a_branch", schedule=None):

    @task.branch
    def choose(rows: int = 0):
        if rows:
            return "load"
        return "report_nothing"

    @task
    def load(): ...

    @task
    def report_nothing(): ...

    @task
    def notify(): ...

    join = EmptyOperator(task_id="join")
    choose() >> [load(), report_nothing()] >> join >> notify()

import random

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

with DAG("join_that_runs", schedule=None):

    @task.branch
    def choose(rows: int = 0):
        if rows:
            return "load"
        return "report_nothing"

    @task
    def load(): ...

    @task
    def report_nothing(): ...

    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    choose() >> [load(), report_nothing()] >> join

with DAG("both_may_be_followed", schedule=None):

    @task.branch
    def sides(both: bool = False):
        return ["left", "right"] if both else "left"

    last = EmptyOperator(task_id="last")
    sides() >> [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")] >> last

with DAG("who_knows", schedule=None):

    @task.branch
    def draw(names: list[str]):
        return random.sample(names, 2)

    last = EmptyOperator(task_id="last")
    draw(["one", "other"]) >> [EmptyOperator(task_id="one"), EmptyOperator(task_id="other")] >> last

with DAG("past_the_branch", schedule=None):

    @task.branch
    def maybe(rows: int = 0):
        return "extra" if rows else "last"

    last = EmptyOperator(task_id="last", trigger_rule="none_failed")
    chosen = maybe()
    chosen >> EmptyOperator(task_id="extra") >> last
    chosen >> last

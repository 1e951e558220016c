# expect: unreachable-task:30
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task, task_group

with DAG("join_in_a_mapped_group", schedule=None):

    @task
    def regions():
        return ["north", "south"]

    @task_group
    def per_region(region):
        @task.branch
        def choose(region: str) -> str:
            return f"per_region.{region}"

        @task
        def north(): ...

        @task
        def south(): ...

        @task
        def report(): ...

        # mapped groups: every instance of the branch goes one way
        chosen = choose(region)
        sides = [north(), south()]
        chosen >> sides
        sides >> report()

    per_region.expand(region=regions()) >> EmptyOperator(task_id="done", trigger_rule="all_done")

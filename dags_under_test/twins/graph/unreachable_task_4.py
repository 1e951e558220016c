from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task, task_group

with DAG("join_beyond_a_mapped_group", schedule=None) as dag:

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

        @task(trigger_rule="none_failed_min_one_success")
        def report(): ...

        sides = [north(), south()]
        choose(region) >> sides
        sides >> report()

    per_region.expand(region=regions())
    last = EmptyOperator(task_id="last")
    for side in ("north", "south"):  # one instance may go north and another south
        dag.get_task(f"per_region.{side}") >> EmptyOperator(task_id=f"any_{side}", trigger_rule="one_success") >> last

# expect: branch-target:13
from airflow.sdk import DAG, task, task_group

with DAG("branch_without_prefix", schedule=None):

    @task_group
    def sales():
        @task.branch
        def choose(rows: int = 0):
            if rows:
                return "sales.load"
            else:
                return "skip"

        @task
        def load(): ...

        @task
        def skip(): ...

        choose() >> [load(), skip()]

    sales()

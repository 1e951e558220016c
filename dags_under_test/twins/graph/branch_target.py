from airflow.sdk import DAG, task, task_group

with DAG("branch_with_prefix", schedule=None):

    @task_group
    def sales():
        @task.branch
        def choose(rows: int = 0):
            if rows:
                return "sales.load"
            return "sales.skip"

        @task
        def load(): ...

        @task
        def skip(): ...

        choose() >> [load(), skip()]

    sales()

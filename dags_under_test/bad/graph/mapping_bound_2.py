# expect: mapping-bound:15
from airflow.sdk import DAG, task

with DAG("flood", schedule=None, max_active_tasks=500):

    @task
    def files():
        return ["a", "b"]

    @task
    def load(file):
        print(file)

    # expanded over what files() returns
    load.expand(file=files())

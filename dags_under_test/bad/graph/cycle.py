# expect: cycle:13
from airflow.sdk import DAG, task

with DAG("circle", schedule=None):

    @task
    def one(given=None): ...

    @task
    def other(given=None): ...

    first, second = one(), other()
    first >> second
    second >> first

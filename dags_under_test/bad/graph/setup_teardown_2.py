# expect: setup-teardown:18
from airflow.sdk import DAG, setup, task, teardown

with DAG("teardown_unseen", schedule=None):

    @setup
    def create():
        return "cluster"

    @task
    def work(cluster): ...

    @teardown
    def delete(cluster): ...

    cluster = create()
    worked = work(cluster)
    worked >> delete(cluster)

# expect: duplicate-dag-id:12
from airflow.sdk import DAG, task

with DAG("twice_in_a_file", schedule=None):

    @task
    def only():
        pass

    only()

with DAG("twice_in_a_file", schedule=None):
    only()

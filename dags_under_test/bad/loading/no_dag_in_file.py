# expect: no-dag-in-file:5
from airflow.sdk import dag, task

@dag(schedule=None)
def never_called():
    @task
    def only():
        pass

    only()

import time

from airflow.sdk import DAG, task

with DAG("slow_to_run", schedule=None):

    @task
    def only():
        time.sleep(2.1)

    only()

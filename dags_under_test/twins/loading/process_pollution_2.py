import time

from airflow.sdk import DAG, task


def sleep(seconds):
    return time.sleep(min(seconds, 1))


with DAG("own_sleep", schedule=None):

    @task
    def only():
        sleep(1)

    only()

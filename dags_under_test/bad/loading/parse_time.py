# expect: parse-time
import time

from airflow.sdk import DAG, task

time.sleep(2.1)

with DAG("slow_to_parse", schedule=None):

    @task
    def only():
        pass

    only()

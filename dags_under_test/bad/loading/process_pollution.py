# expect: process-pollution:6
import os

from airflow.sdk import DAG, task

os.chdir("/")

with DAG("moved_away", schedule=None):

    @task
    def only():
        pass

    only()

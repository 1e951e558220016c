# expect: process-pollution:6
import os

from airflow.sdk import DAG, task

os.environ["DB_HOST"] = "db.example"

with DAG("environment_for_all", schedule=None):

    @task
    def only():
        pass

    only()

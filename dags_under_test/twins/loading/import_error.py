import json

from airflow.sdk import DAG, task

with DAG("seen", schedule=None):

    @task
    def dumped():
        return json.dumps({})

    dumped()

import urllib.request

from airflow.sdk import DAG, task

with DAG("asks_in_a_task", schedule=None):

    @task
    def only():
        with urllib.request.urlopen("http://config.example/tables.json") as answer:
            return len(answer.read())

    only()

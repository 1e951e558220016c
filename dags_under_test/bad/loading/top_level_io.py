# expect: top-level-io:6
import urllib.request

from airflow.sdk import DAG, task

with urllib.request.urlopen("http://config.example/tables.json") as answer:
    TABLES = answer.read()

with DAG("asks_at_import", schedule=None):

    @task
    def only():
        return len(TABLES)

    only()

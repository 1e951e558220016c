"""A list of tables from an API, asked for while the file is parsed

It is quick on a laptop. In production it is asked for every thirty seconds, and when the API is down, so is the Dag.
"""

# found by: top-level-io
import urllib.request

from airflow.sdk import DAG, task

with urllib.request.urlopen("http://config.example/tables.json", timeout=5) as answer:  # bug
    TABLES = answer.read()  # bug
# mended: TABLES = ["orders", "returns"]

with DAG("api_at_import", schedule="@daily"):

    @task
    def load():
        print(len(TABLES))

    load()

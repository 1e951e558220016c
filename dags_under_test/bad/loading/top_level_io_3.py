# expect: top-level-io:6
from pathlib import Path

from airflow.sdk import DAG, task

Path(__file__).with_suffix(".seen").write_text("parsed")

with DAG("writes_at_import", schedule=None):

    @task
    def only():
        pass

    only()

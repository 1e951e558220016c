# expect: top-level-io:6
import subprocess

from airflow.sdk import DAG, task

REVISION = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()[:0]

with DAG("process_at_import", schedule=None, tags=["a" + REVISION]):

    @task
    def only():
        pass

    only()

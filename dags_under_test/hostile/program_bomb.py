# verdict: import-error
# says: more and more processes
"""Programs, as many as it gets."""

import subprocess
import time

kept = [subprocess.Popen(["sleep", "617"]) for _ in range(300)]
time.sleep(600)

from airflow.sdk import DAG

with DAG("program_bomb", schedule=None):
    pass

# verdict: import-error
# says: ends or stops the process
"""Stops the process that started it."""

import os
import subprocess
import time

subprocess.run(["kill", "-STOP", str(os.getppid())])
time.sleep(600)

from airflow.sdk import DAG

with DAG("stop_parent", schedule=None):
    pass

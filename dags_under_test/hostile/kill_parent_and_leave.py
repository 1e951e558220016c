# verdict: import-error
# says: ends or stops the process
"""Ends the process that started it, through a program, and leaves another behind."""

import os
import subprocess
import time

subprocess.Popen(["sleep", "617"], start_new_session=True)
subprocess.run(["kill", "-9", str(os.getppid())])
time.sleep(600)

from airflow.sdk import DAG

with DAG("kill_parent_and_leave", schedule=None):
    pass

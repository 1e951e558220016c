# verdict: import-error
# says: does not end within
"""Stands still."""

import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)

from airflow.sdk import DAG

with DAG("stop_self", schedule=None):
    pass

# verdict: import-error
# says: SIGKILL
"""SIGKILL."""

import os
import signal

os.kill(os.getpid(), signal.SIGKILL)

from airflow.sdk import DAG

with DAG("kill_self", schedule=None):
    pass

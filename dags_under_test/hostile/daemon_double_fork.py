# verdict: top-level-io
# says: os.fork
"""Leaves its session and its parent."""

import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 100)
        time.sleep(600)
    os._exit(0)
os.wait()

from airflow.sdk import DAG

with DAG("daemon_double_fork", schedule=None):
    pass

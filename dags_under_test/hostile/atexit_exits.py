# verdict: clean
"""Would change the exit code."""

import atexit
import os

atexit.register(os._exit, 7)

from airflow.sdk import DAG

with DAG("atexit_exits", schedule=None):
    pass

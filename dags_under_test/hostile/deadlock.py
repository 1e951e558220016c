# verdict: import-error
# says: does not end within
"""Waits for itself."""

import threading

lock = threading.Lock()
lock.acquire()
lock.acquire()

from airflow.sdk import DAG

with DAG("deadlock", schedule=None):
    pass

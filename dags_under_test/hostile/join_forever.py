# verdict: import-error
# says: does not end within
"""Waits for a thread that waits."""

import threading

thread = threading.Thread(target=threading.Event().wait)
thread.start()
thread.join()

from airflow.sdk import DAG

with DAG("join_forever", schedule=None):
    pass

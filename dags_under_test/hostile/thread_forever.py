# verdict: process-pollution
# says: waiter
"""A thread that nobody ends."""

import threading

threading.Thread(target=threading.Event().wait, name="waiter").start()

from airflow.sdk import DAG

with DAG("thread_forever", schedule=None):
    pass

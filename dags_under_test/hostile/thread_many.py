# verdict: process-pollution
# says: threads are still running
"""Two hundred of them."""

import threading

event = threading.Event()
for _ in range(200):
    threading.Thread(target=event.wait, daemon=True).start()

from airflow.sdk import DAG

with DAG("thread_many", schedule=None):
    pass

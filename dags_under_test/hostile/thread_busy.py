# verdict: process-pollution
# says: computer
"""A daemon that computes."""

import threading


def busy():
    number = 0
    while True:
        number += 1


threading.Thread(target=busy, name="computer", daemon=True).start()

from airflow.sdk import DAG

with DAG("thread_busy", schedule=None):
    pass

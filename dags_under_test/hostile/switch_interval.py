# verdict: import-error
# says: does not end within
"""A busy thread that does not give way for a quarter of an hour."""

import sys
import threading
import time


def busy():
    while True:
        pass


threading.Thread(target=busy, daemon=True).start()
sys.setswitchinterval(1000)
time.sleep(0.1)

from airflow.sdk import DAG

with DAG("switch_interval", schedule=None):
    pass

# verdict: import-error
# says: does not end within
"""Swallows every exception and most signals, so that no timeout by exception ends it."""

import signal
import time

signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
while True:
    try:
        time.sleep(0.01)
    except BaseException:
        pass

from airflow.sdk import DAG

with DAG("loop_swallows", schedule=None):
    pass

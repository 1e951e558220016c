# verdict: top-level-io
# says: os.fork
"""Ignores every signal it can, and asks to outlive its parent."""

import ctypes
import os
import signal
import time

if os.fork() == 0:
    os.setsid()
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(600)

from airflow.sdk import DAG

with DAG("daemon_deaf", schedule=None):
    pass

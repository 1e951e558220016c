# verdict: import-error
# says: SIGSEGV
"""Airflow installs a handler for SIGSEGV, which would swallow this one."""

import os
import signal

os.kill(os.getpid(), signal.SIGSEGV)

from airflow.sdk import DAG

with DAG("segfault_sent", schedule=None):
    pass

# verdict: process-pollution
# says: SIGTERM
"""Cannot be asked to end."""

import signal

signal.signal(signal.SIGTERM, signal.SIG_IGN)

from airflow.sdk import DAG

with DAG("ignore_sigterm", schedule=None):
    pass

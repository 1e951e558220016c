# verdict: process-pollution
# says: an alarm is set
"""Would be killed in a second."""

import signal

signal.alarm(1)

from airflow.sdk import DAG

with DAG("alarm_pending", schedule=None):
    pass

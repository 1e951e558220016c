# verdict: process-pollution
# says: SIGALRM
"""Raises into whoever is at work then."""

import signal


def ring(*_):
    raise SystemExit(9)


signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.2)

from airflow.sdk import DAG

with DAG("alarm_handler", schedule=None):
    pass

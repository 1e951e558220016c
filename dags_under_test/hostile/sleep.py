# verdict: import-error
# says: does not end within
"""Sleeps for an hour."""

import time

time.sleep(3600)

from airflow.sdk import DAG

with DAG("sleep", schedule=None):
    pass

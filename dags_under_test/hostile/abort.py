# verdict: import-error
# says: SIGABRT
"""SIGABRT."""

import os

os.abort()

from airflow.sdk import DAG

with DAG("abort", schedule=None):
    pass

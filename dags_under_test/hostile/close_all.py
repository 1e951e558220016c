# verdict: process-pollution
# says: 0, 1, 2
"""Closes every descriptor, ours too."""

import os

os.closerange(0, 1000)

from airflow.sdk import DAG

with DAG("close_all", schedule=None):
    pass

# verdict: process-pollution
# says: working directory is /
"""Elsewhere."""

import os

os.chdir("/")

from airflow.sdk import DAG

with DAG("chdir", schedule=None):
    pass

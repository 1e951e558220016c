# verdict: process-pollution
# says: +/tmp
"""Modules from anywhere."""

import sys

sys.path.insert(0, "/tmp")

from airflow.sdk import DAG

with DAG("path_elsewhere", schedule=None):
    pass

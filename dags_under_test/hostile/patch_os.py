# verdict: process-pollution
# says: os.write
"""The system is out of order."""

import os

os.write = os.fork = os.getpid = os.getcwd = os.path.abspath = None

from airflow.sdk import DAG

with DAG("patch_os", schedule=None):
    pass

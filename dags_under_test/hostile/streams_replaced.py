# verdict: clean
"""Standard output to a full disk."""

import sys

sys.stdout = open("/dev/full", "w")
sys.stderr = None

from airflow.sdk import DAG

with DAG("streams_replaced", schedule=None):
    pass

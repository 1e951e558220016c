# verdict: top-level-io
# says: config.example
"""What everybody uses."""

import requests

TABLES = requests.get("http://config.example/tables", timeout=5).json()

from airflow.sdk import DAG

with DAG("network_requests", schedule=None):
    pass

# verdict: top-level-io
# says: db.example
"""A name."""

import socket

ADDRESS = socket.gethostbyname("db.example")

from airflow.sdk import DAG

with DAG("network_dns", schedule=None):
    pass

# verdict: top-level-io
# says: tries again
"""Tries until it works."""

import socket
import time

while True:
    try:
        socket.create_connection(("192.0.2.1", 5432))
        break
    except OSError:
        time.sleep(0.1)

from airflow.sdk import DAG

with DAG("network_retries", schedule=None):
    pass

# verdict: top-level-io
# says: listens
"""Serves, at import."""

import socket

kept = socket.socket()
kept.bind(("127.0.0.1", 0))

from airflow.sdk import DAG

with DAG("network_listens", schedule=None):
    pass

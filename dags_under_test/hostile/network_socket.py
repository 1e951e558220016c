# verdict: top-level-io
# says: 192.0.2.1:80
"""A socket."""

import socket

socket.create_connection(("192.0.2.1", 80))

from airflow.sdk import DAG

with DAG("network_socket", schedule=None):
    pass

# verdict: top-level-io
# says: 192.0.2.1:8125
"""A packet that nobody answers."""

import socket

socket.socket(type=socket.SOCK_DGRAM).sendto(b"up", ("192.0.2.1", 8125))

from airflow.sdk import DAG

with DAG("network_udp", schedule=None):
    pass

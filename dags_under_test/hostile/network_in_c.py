# verdict: clean
"""Where Python does not see it, and unheard."""

import ctypes
import socket
import struct

libc = ctypes.CDLL(None)
number = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
address = struct.pack("<H", socket.AF_INET) + struct.pack(">H", 9) + socket.inet_aton("127.0.0.1") + bytes(8)
assert libc.connect(number, address, 16) == -1

from airflow.sdk import DAG

with DAG("network_in_c", schedule=None):
    pass

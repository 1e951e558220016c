# verdict: clean
"""Would find what the file before it left."""

import gc
import logging
import random
import socket

assert logging.root.manager.disable == 0
assert random.random() != random.Random(1).random()
assert socket.getdefaulttimeout() is None
assert gc.isenabled()

from airflow.sdk import DAG

with DAG("logging_off_seen", schedule=None):
    pass

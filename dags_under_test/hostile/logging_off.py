# verdict: clean
"""Nobody logs any more, nothing is by chance, and the collector is off."""

import gc
import logging
import random
import socket

logging.disable(logging.CRITICAL)
logging.root.handlers.clear()
random.seed(1)
socket.setdefaulttimeout(0.001)
gc.disable()

from airflow.sdk import DAG

with DAG("logging_off", schedule=None):
    pass

# verdict: clean
"""Would never let the process end."""

import atexit
import time


@atexit.register
def stays():
    while True:
        time.sleep(1)

from airflow.sdk import DAG

with DAG("atexit_loops", schedule=None):
    pass

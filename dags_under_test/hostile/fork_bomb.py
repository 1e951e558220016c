# verdict: import-error
"""More and more processes."""

import os
import time

for _ in range(2000):
    if os.fork() == 0:
        time.sleep(600)
        os._exit(0)
    time.sleep(0.001)

from airflow.sdk import DAG

with DAG("fork_bomb", schedule=None):
    pass

# verdict: top-level-io
# says: (truncate)
"""Not let, in a process that nobody waits for."""

import multiprocessing
import os

multiprocessing.get_context("fork").Process(target=os.truncate, args=(__file__, 0)).start()

from airflow.sdk import DAG

with DAG("changes_in_fork", schedule=None):
    pass

# verdict: top-level-io
# says: starts a process
"""Not let, in a process that begins anew."""

import multiprocessing
import os

one = multiprocessing.get_context("spawn").Process(target=os.remove, args=(__file__,))
one.start()
one.join()

from airflow.sdk import DAG

with DAG("changes_spawned", schedule=None):
    pass

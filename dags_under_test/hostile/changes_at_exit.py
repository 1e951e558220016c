# verdict: top-level-io
# says: (remove)
"""Not let, at the end of the process."""

import atexit
import os

atexit.register(os.remove, __file__)

from airflow.sdk import DAG

with DAG("changes_at_exit", schedule=None):
    pass

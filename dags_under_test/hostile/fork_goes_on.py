# verdict: top-level-io
# says: os.fork
"""Parent and child both come to the end of the file."""

import os

os.fork()

from airflow.sdk import DAG

with DAG("fork_goes_on", schedule=None):
    pass

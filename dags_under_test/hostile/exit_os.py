# verdict: import-error
# says: exit code 0
"""Takes the process with it, without a word."""

import os

os._exit(0)

from airflow.sdk import DAG

with DAG("exit_os", schedule=None):
    pass

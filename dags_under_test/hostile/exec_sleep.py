# verdict: import-error
# says: does not end within
"""Becomes another program, which does not end."""

import os

os.execvp("sleep", ["sleep", "617"])

from airflow.sdk import DAG

with DAG("exec_sleep", schedule=None):
    pass

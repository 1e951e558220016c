# verdict: import-error
# says: exit code 0
"""Becomes another program, which ends well."""

import os

os.execvp("true", ["true"])

from airflow.sdk import DAG

with DAG("exec_true", schedule=None):
    pass

# verdict: import-error
# says: exit code 0
"""The Dag is there, the process is not."""

from airflow.sdk import DAG

with DAG("exit_os_after_dag", schedule=None):
    pass

import os

os._exit(0)

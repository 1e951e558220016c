# verdict: process-pollution
# says: umask
"""Files that anybody may write."""

import os

os.umask(0)

from airflow.sdk import DAG

with DAG("umask", schedule=None):
    pass

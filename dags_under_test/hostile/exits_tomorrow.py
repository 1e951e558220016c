# verdict: import-error
# says: exit code 4
"""Is sound today, and takes the process with it tomorrow."""

import os
import time

if time.time() - os.stat(__file__).st_mtime > 24 * 3600:
    os._exit(4)

from airflow.sdk import DAG

with DAG("exits_tomorrow", schedule=None):
    pass

# verdict: import-error
# says: parsed again, a day later
"""Is sound today."""

import os
import time

if time.time() - os.stat(__file__).st_mtime > 24 * 3600:
    raise RuntimeError("too old")

from airflow.sdk import DAG

with DAG("fails_tomorrow", schedule=None):
    pass

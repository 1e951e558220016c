# verdict: process-pollution
# says: sys.modules
"""Nobody has imported anything."""

from airflow.sdk import DAG

with DAG("clear_modules", schedule=None):
    pass

import sys

sys.modules.clear()

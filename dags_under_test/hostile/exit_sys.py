# verdict: import-error
# says: sys.exit(0)
"""Says that all is well, and goes."""

import sys

sys.exit(0)

from airflow.sdk import DAG

with DAG("exit_sys", schedule=None):
    pass

# verdict: import-error
# says: sys.exit(0)
"""What it imports, ends the process."""

import exit_sys

from airflow.sdk import DAG

with DAG("imports_one_that_exits", schedule=None):
    pass

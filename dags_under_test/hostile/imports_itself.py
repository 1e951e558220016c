# verdict: duplicate-dag-id
"""By its own name."""

import imports_itself

from airflow.sdk import DAG

with DAG("imports_itself", schedule=None):
    pass

# verdict: import-error
# says: MemoryError
"""A terabyte, please."""

KEPT = bytes(10**12)

from airflow.sdk import DAG

with DAG("memory_at_once", schedule=None):
    pass

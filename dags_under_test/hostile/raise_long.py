# verdict: import-error
# says: ValueError: xxx
"""A message of 50 MB."""

raise ValueError("x" * 50_000_000)

from airflow.sdk import DAG

with DAG("raise_long", schedule=None):
    pass

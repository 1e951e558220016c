# verdict: import-error
"""No text at all."""

from airflow.sdk import DAG

with DAG(5, schedule=None):
    pass

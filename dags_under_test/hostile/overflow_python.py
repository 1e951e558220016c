# verdict: import-error
# says: RecursionError
"""Recursion without an end."""

def deeper():
    return deeper()


deeper()

from airflow.sdk import DAG

with DAG("overflow_python", schedule=None):
    pass

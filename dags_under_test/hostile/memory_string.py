# verdict: import-error
# says: emory
"""Doubles."""

text = "x" * 1000
while True:
    text += text

from airflow.sdk import DAG

with DAG("memory_string", schedule=None):
    pass

# verdict: import-error
# says: emory
"""Grows and grows."""

kept = []
while True:
    kept.append(bytearray(10_000_000))

from airflow.sdk import DAG

with DAG("memory_list", schedule=None):
    pass

# verdict: import-error
# says: no class
"""Lies about its class, in a way that Airflow does not survive."""

class Odd:
    @property
    def __class__(self):
        raise RuntimeError("no class")


one = Odd()

from airflow.sdk import DAG

with DAG("odd_class", schedule=None):
    pass

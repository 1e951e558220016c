# verdict: import-error
# says: ValueError: one
"""Two exceptions that are each other's cause."""

one, other = ValueError("one"), KeyError("other")
one.__context__, other.__context__ = other, one
one.__cause__, other.__cause__ = other, one
raise one

from airflow.sdk import DAG

with DAG("raise_circle", schedule=None):
    pass

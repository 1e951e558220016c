# verdict: import-error
# says: SIGSEGV
"""A million iterators in each other: recursion in C, which nothing counts."""

from airflow.sdk import DAG

with DAG("overflow_c", schedule=None):
    nested = iter(())
    for _ in range(1_000_000):
        nested = filter(bool, nested)
    list(nested)

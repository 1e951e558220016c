# verdict: import-error
# says: SIGSEGV
"""Many iterators in each other: recursion in C, which nothing counts."""

from airflow.sdk import DAG

with DAG("overflow_c", schedule=None):
    nested = iter(())
    for _ in range(250_000):
        nested = filter(bool, nested)
    list(nested)

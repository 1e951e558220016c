# verdict: import-error
# says: does not end within
"""Loops in C: no signal handler of Python's gets its turn."""

import itertools

sum(itertools.repeat(1))

from airflow.sdk import DAG

with DAG("loop_in_c", schedule=None):
    pass

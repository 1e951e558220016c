# verdict: import-error
# says: SIGSEGV
"""Reads where nothing is."""

import ctypes

ctypes.string_at(0)

from airflow.sdk import DAG

with DAG("segfault", schedule=None):
    pass

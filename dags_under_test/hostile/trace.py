# verdict: process-pollution
# says: settrace
"""Raises at every line."""

from airflow.sdk import DAG

with DAG("trace", schedule=None):
    pass

import sys


def tracer(frame, event, arg):
    if frame.f_code.co_name != "<module>":
        raise RuntimeError("traced")


sys.settrace(tracer)

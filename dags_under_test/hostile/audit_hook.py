# verdict: process-pollution
# says: audit hook
"""Refuses everything, for ever."""

import sys

from airflow.sdk import DAG

with DAG("audit_hook", schedule=None):
    pass


def refuse(event, args):
    raise RuntimeError(event)


sys.addaudithook(refuse)

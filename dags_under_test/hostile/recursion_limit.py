# verdict: process-pollution
# says: recursion limit is 60
"""Hardly any depth for those that follow."""

import sys

from airflow.sdk import DAG

with DAG("recursion_limit", schedule=None):
    pass

sys.setrecursionlimit(60)

# verdict: process-pollution
# says: builtins.left_for_others
"""Leaves something for the file after it."""

import builtins

builtins.left_for_others = 1

from airflow.sdk import DAG

with DAG("side_effect_first", schedule=None):
    pass

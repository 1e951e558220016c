# verdict: process-pollution
# says: builtins.len
"""Small lies."""

from airflow.sdk import DAG

with DAG("patch_len_and_print", schedule=None):
    pass

import builtins

builtins.len = lambda _: 0
builtins.sorted = builtins.str = builtins.dict = None

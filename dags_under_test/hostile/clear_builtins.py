# verdict: process-pollution
# says: builtins.
"""Nothing is left."""

from airflow.sdk import DAG

with DAG("clear_builtins", schedule=None):
    pass

import builtins

builtins.__dict__.clear()

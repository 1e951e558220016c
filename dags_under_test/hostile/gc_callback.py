# verdict: process-pollution
# says: garbage collector
"""Raises whenever garbage is collected."""

import gc

gc.callbacks.append(lambda *_: 1 / 0)

from airflow.sdk import DAG

with DAG("gc_callback", schedule=None):
    pass

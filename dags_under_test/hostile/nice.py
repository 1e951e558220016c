# verdict: clean
"""As slow as can be."""

import os

os.nice(19)

from airflow.sdk import DAG

with DAG("nice", schedule=None):
    pass

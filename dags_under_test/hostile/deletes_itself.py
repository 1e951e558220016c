# verdict: top-level-io
# says: deletes_itself.py
"""Not let."""

import os

os.remove(__file__)

from airflow.sdk import DAG

with DAG("deletes_itself", schedule=None):
    pass

# verdict: top-level-io
# says: (rmtree
"""Not let."""

import os
import shutil

shutil.rmtree(os.path.dirname(__file__))

from airflow.sdk import DAG

with DAG("deletes_all", schedule=None):
    pass

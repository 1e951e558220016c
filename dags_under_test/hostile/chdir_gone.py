# verdict: process-pollution
# says: a folder that is gone
"""In a folder that is no more."""

import os
import tempfile

folder = tempfile.mkdtemp()
os.chdir(folder)
os.rmdir(folder)

from airflow.sdk import DAG

with DAG("chdir_gone", schedule=None):
    pass

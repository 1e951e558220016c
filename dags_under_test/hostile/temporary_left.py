# verdict: clean
"""Leaves a temporary folder."""

import os
import tempfile

open(os.path.join(tempfile.mkdtemp(), "left"), "w").close()

from airflow.sdk import DAG

with DAG("temporary_left", schedule=None):
    pass

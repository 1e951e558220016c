# verdict: top-level-io
# says: (chmod)
"""Not let, through an open file."""

import os

with open(__file__) as file:
    os.fchmod(file.fileno(), 0)

from airflow.sdk import DAG

with DAG("changes_by_descriptor", schedule=None):
    pass

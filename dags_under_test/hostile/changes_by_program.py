# verdict: top-level-io
# says: starts a process (rm -f 
"""Not let to a program."""

import subprocess

subprocess.run(["rm", "-f", __file__])

from airflow.sdk import DAG

with DAG("changes_by_program", schedule=None):
    pass

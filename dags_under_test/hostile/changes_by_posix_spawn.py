# verdict: top-level-io
# says: starts a process (rm 
"""Not let to a program that no module of Python's starts."""

import os

os.waitpid(os.posix_spawnp("rm", ["rm", __file__], os.environ), 0)

from airflow.sdk import DAG

with DAG("changes_by_posix_spawn", schedule=None):
    pass

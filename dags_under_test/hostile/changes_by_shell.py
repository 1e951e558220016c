# verdict: top-level-io
# says: starts a process (chmod 0 
"""Not let to a shell: nor modes, where files are read-only."""

import os

os.system(f"chmod 0 '{__file__}'; touch '{__file__}'; truncate -s 0 '{__file__}'; ln -s x '{__file__}.link'")

from airflow.sdk import DAG

with DAG("changes_by_shell", schedule=None):
    pass

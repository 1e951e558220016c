# verdict: top-level-io
# says: sleep 617
"""A program in a session of its own, with an empty environment."""

import subprocess

subprocess.Popen(["sleep", "617"], start_new_session=True, env={"PATH": "/usr/bin:/bin"})

from airflow.sdk import DAG

with DAG("daemon_program", schedule=None):
    pass

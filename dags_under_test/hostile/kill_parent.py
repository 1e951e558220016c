# verdict: import-error
# says: no signals
"""Not let."""

import os
import signal

os.kill(os.getppid(), signal.SIGKILL)

from airflow.sdk import DAG

with DAG("kill_parent", schedule=None):
    pass

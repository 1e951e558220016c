# verdict: import-error
# says: SIGKILL
"""Its whole process group."""

import os
import signal

os.killpg(os.getpgrp(), signal.SIGKILL)

from airflow.sdk import DAG

with DAG("kill_group", schedule=None):
    pass

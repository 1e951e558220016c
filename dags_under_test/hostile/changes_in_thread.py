# verdict: top-level-io
# says: (chmod)
"""Not let, in a thread that Python does not know."""

import _thread
import os
import time

_thread.start_new_thread(os.chmod, (__file__, 0))
time.sleep(0.1)

from airflow.sdk import DAG

with DAG("changes_in_thread", schedule=None):
    pass

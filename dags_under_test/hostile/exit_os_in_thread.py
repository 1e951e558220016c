# verdict: import-error
# says: exit code 3
"""Another thread ends the process."""

import os
import threading

thread = threading.Thread(target=os._exit, args=(3,))
thread.start()
thread.join()

from airflow.sdk import DAG

with DAG("exit_os_in_thread", schedule=None):
    pass

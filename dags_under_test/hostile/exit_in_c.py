# verdict: import-error
# says: exit code 0
"""libc's own exit: no Python sees it."""

import ctypes

ctypes.CDLL(None)._exit(0)

from airflow.sdk import DAG

with DAG("exit_in_c", schedule=None):
    pass

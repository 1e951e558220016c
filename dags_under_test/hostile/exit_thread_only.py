# verdict: clean
"""SystemExit in a thread ends the thread."""

import threading


def ends():
    raise SystemExit(1)


thread = threading.Thread(target=ends)
thread.start()
thread.join()

from airflow.sdk import DAG

with DAG("exit_thread_only", schedule=None):
    pass

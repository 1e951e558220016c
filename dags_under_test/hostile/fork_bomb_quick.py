# verdict: import-error
"""Each makes two of itself."""

import os

for _ in range(12):
    os.fork()
raise RuntimeError("all are made")

from airflow.sdk import DAG

with DAG("fork_bomb_quick", schedule=None):
    pass

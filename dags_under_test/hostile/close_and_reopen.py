# verdict: process-pollution
# says: 0, 1, 2
"""Others' files stand where ours were."""

import os

os.closerange(0, 1000)
kept = [open(os.devnull, "w") for _ in range(50)]
for number in range(3, 50):
    os.write(number, b"into the wrong file")
os.closerange(0, 3)

from airflow.sdk import DAG

with DAG("close_and_reopen", schedule=None):
    pass

# verdict: process-pollution
# says: replaced: os._exit
"""Nobody can leave any more."""

import os
import sys

sys.exit = os._exit = lambda *_: None

from airflow.sdk import DAG

with DAG("exit_patched", schedule=None):
    pass

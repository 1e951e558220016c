# verdict: process-pollution
# says: builtins.isinstance
"""What everything else is made with."""

from airflow.sdk import DAG

with DAG("patch_builtins", schedule=None):
    pass

import builtins
import json
import time

builtins.isinstance = None
json.dumps = None
time.perf_counter = None

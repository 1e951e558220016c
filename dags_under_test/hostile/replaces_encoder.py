# verdict: process-pollution
# says: umask
"""Would have every report say the same."""

import json
import os

json.encoder.c_make_encoder = None
os.umask(0)

from airflow.sdk import DAG

with DAG("replaces_encoder", schedule=None):
    pass

# verdict: process-pollution
# says: json.dumps
"""Nothing can be written or read."""

import json
import pickle

json.loads = json.dumps = pickle.dumps = pickle.loads = lambda *_, **__: b"nothing"

from airflow.sdk import DAG

with DAG("patch_pickle_and_json", schedule=None):
    pass

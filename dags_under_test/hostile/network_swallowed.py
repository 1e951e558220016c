# verdict: top-level-io
# says: config.example
"""Goes on without."""

import urllib.request

try:
    urllib.request.urlopen("http://config.example/")
except Exception:
    pass

from airflow.sdk import DAG

with DAG("network_swallowed", schedule=None):
    pass

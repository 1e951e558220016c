# verdict: process-pollution
# says: sys.path
"""Nothing can be found."""

from airflow.sdk import DAG

with DAG("clear_path", schedule=None):
    pass

import sys

sys.path.clear()
sys.meta_path.clear()
sys.path_hooks.clear()
sys.path_importer_cache.clear()

# verdict: top-level-io
# says: (remove)
"""Not let, in threads of a pool."""

import os
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor() as pool:
    pool.submit(os.remove, __file__)

from airflow.sdk import DAG

with DAG("changes_in_pool", schedule=None):
    pass

# verdict: top-level-io
"""Workers at import."""

import multiprocessing

with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(abs, [-1, -2]) == [1, 2]

from airflow.sdk import DAG

with DAG("pool", schedule=None):
    pass

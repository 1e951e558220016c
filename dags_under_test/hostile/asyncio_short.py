# verdict: clean
"""An event loop that ends."""

import asyncio

assert asyncio.run(asyncio.sleep(0, 5)) == 5

from airflow.sdk import DAG

with DAG("asyncio_short", schedule=None):
    pass

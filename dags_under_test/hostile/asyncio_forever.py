# verdict: import-error
# says: does not end within
"""An event loop with nothing to do."""

import asyncio

asyncio.run(asyncio.sleep(3600))

from airflow.sdk import DAG

with DAG("asyncio_forever", schedule=None):
    pass

# verdict: top-level-io
# says: (symlink)
"""Not let, in threads of an event loop."""

import asyncio
import os

try:
    asyncio.run(asyncio.to_thread(os.symlink, "x", __file__ + ".link"))
except OSError:
    pass

from airflow.sdk import DAG

with DAG("changes_in_executor", schedule=None):
    pass

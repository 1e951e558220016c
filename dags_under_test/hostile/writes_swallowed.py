# verdict: top-level-io
# says: made (mkdir)
"""Not let, and does not care."""

import contextlib
import os

with contextlib.suppress(OSError):
    os.mkdir(os.path.join(os.path.dirname(__file__), "made"))

from airflow.sdk import DAG

with DAG("writes_swallowed", schedule=None):
    pass

# verdict: top-level-io
# says: writes_beside.py.lock
"""Not let."""

open(__file__ + ".lock", "w").close()

from airflow.sdk import DAG

with DAG("writes_beside", schedule=None):
    pass

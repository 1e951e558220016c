# verdict: import-error
# says: does not end within
"""Goes round and round."""

while True:
    pass

from airflow.sdk import DAG

with DAG("loop", schedule=None):
    pass

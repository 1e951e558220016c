# verdict: import-error
# says: BdbQuit
"""A debugger left in."""

breakpoint()
print()

from airflow.sdk import DAG

with DAG("breakpoint", schedule=None):
    pass

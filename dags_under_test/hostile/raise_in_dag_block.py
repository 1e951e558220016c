# verdict: import-error
# says: RuntimeError: in the block
"""The Dag is open when it happens."""

from airflow.sdk import DAG

with DAG("raise_in_dag_block", schedule=None):
    raise RuntimeError("in the block")

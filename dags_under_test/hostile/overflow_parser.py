# verdict: import-error
# says: Error
"""More brackets than the parser has room for."""

eval("(" * 100_000)

from airflow.sdk import DAG

with DAG("overflow_parser", schedule=None):
    pass

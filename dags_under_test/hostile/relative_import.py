# verdict: import-error
# says: relative import
"""Is in no package."""

from . import exit_sys

from airflow.sdk import DAG

with DAG("relative_import", schedule=None):
    pass

# coding: nonsense
# verdict: import-error
# says: nonsense
"""In an encoding that is none."""

# airflow dag

from airflow.sdk import DAG

with DAG("coding_unknown", schedule=None):
    pass

# verdict: import-error
# verdict: process-pollution
# says: broken by the file
"""Breaks Airflow's own class."""

from airflow.sdk import DAG


def broken(self):
    raise RuntimeError("broken by the file")


DAG.validate = broken

from airflow.sdk import DAG

with DAG("patch_airflow", schedule=None):
    pass

# verdict: import-error
"""Takes away what Airflow finds Dags with."""

from airflow.sdk.definitions._internal.contextmanager import DagContext

from airflow.sdk import DAG

with DAG("patch_dag_context", schedule=None):
    pass

DagContext.autoregistered_dags = None

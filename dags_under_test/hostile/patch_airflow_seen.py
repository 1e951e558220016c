# verdict: clean
"""Looks whether the file before it has broken Airflow."""

from airflow.sdk import DAG, BaseOperator

assert BaseOperator.pre_execute.__name__ != "broken"

with DAG("patch_airflow_seen", schedule=None):
    pass

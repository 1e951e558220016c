# verdict: process-pollution
# says: BaseOperator.pre_execute
"""Breaks what only tasks would meet with, for every file that comes after it."""

from airflow.sdk import DAG, BaseOperator

with DAG("patch_airflow_quietly", schedule=None):
    pass


def broken(self, context):
    raise RuntimeError("broken by the file")


BaseOperator.pre_execute = broken

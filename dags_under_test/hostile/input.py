# verdict: import-error
# says: EOFError
"""Asks a question, and nobody is there."""

NAME = input("which table? ")

from airflow.sdk import DAG

with DAG("input", schedule=None):
    pass

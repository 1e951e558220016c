# verdict: process-pollution
# says: import hooks
"""Refuses every import."""

import sys

from airflow.sdk import DAG

with DAG("import_hook", schedule=None):
    pass


class Refuses:
    def find_spec(self, name, path=None, target=None):
        raise ImportError(name)


sys.meta_path.insert(0, Refuses())

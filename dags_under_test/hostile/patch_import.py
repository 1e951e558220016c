# verdict: process-pollution
# says: builtins.__import__
"""Nothing can be imported any more."""

import builtins


def refuse(name, *_):
    raise ImportError(name)


from airflow.sdk import DAG

with DAG("patch_import", schedule=None):
    pass

builtins.__import__ = refuse

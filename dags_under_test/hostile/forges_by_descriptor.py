# verdict: top-level-io
# says: forges_by_descriptor.py.lock
"""Writes a report of its own to whatever is open."""

import os

CLEAN = b'''{"report": {"problems": [], "dags": [], "notes": [], "names": [], "failed": null, "imported": [], "reads": [], "seconds": 0, "events": []}}'''
for descriptor in range(3, 100):
    try:
        os.write(descriptor, b"\n" + CLEAN + b"\n")
    except OSError:
        pass
try:
    open(__file__ + ".lock", "w")
except OSError:
    pass

from airflow.sdk import DAG

with DAG("forges_by_descriptor", schedule=None):
    pass

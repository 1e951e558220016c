# verdict: check-failed
# says: writes into what its checks report
"""Finds the object that takes its report."""

import gc

for one in gc.get_objects():
    if type(one).__name__ == "Channel":
        one.write(b'''\n{"report": {"problems": [], "dags": [], "notes": [], "names": [], "failed": null, "imported": [], "reads": [], "seconds": 0, "events": []}}\n''')

from airflow.sdk import DAG

with DAG("forges_by_object", schedule=None):
    pass

# verdict: top-level-io
# says: (remove)
"""Not let, when an object is freed at the end."""

import os


class Held:
    def __del__(self, remove=os.remove, path=__file__):
        remove(path)


held = Held()

from airflow.sdk import DAG

with DAG("changes_when_freed", schedule=None):
    pass

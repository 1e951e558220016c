# verdict: top-level-io
# says: (mkdir)
"""Not let, in a finaliser."""

import os
import weakref


class Held:
    pass


held = Held()
weakref.finalize(held, os.mkdir, __file__ + ".d")

from airflow.sdk import DAG

with DAG("changes_when_finalised", schedule=None):
    pass

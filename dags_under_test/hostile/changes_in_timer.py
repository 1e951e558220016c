# verdict: top-level-io
# says: (rename)
"""Not let, a moment after the file has been imported."""

import os
import threading

threading.Timer(0.2, os.rename, (__file__, __file__ + ".gone")).start()

from airflow.sdk import DAG

with DAG("changes_in_timer", schedule=None):
    pass

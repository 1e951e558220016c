# verdict: import-error
# says: profiled
"""Raises at every call, also at those of Airflow's importer."""

import sys

from airflow.sdk import DAG

with DAG("profile", schedule=None):
    pass


def profiler(frame, event, arg):
    raise RuntimeError("profiled")


sys.setprofile(profiler)

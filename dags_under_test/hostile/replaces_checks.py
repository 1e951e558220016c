# verdict: check-failed
# says: harness.gate.examine.FileLook
"""Another function in the place of the one that looks."""

import harness.gate.examine as examining


def nothing(parsed, declared, asked):
    return {}


examining.examine.__code__ = nothing.__code__
examining.FileLook = dict

from airflow.sdk import DAG

with DAG("replaces_checks", schedule=None):
    pass

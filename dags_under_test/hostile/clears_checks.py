# verdict: check-failed
# verdict: top-level-io
# says: harness.checks.registry.CHECKS
"""No checks, no findings."""

import subprocess
import sys

registry = sys.modules["harness.checks.registry"]
registry.CHECKS.clear()
registry.CHECKS = {}
subprocess.run(["true"])

from airflow.sdk import DAG

with DAG("clears_checks", schedule=None):
    pass

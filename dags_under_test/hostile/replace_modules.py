# verdict: process-pollution
# says: replaced in sys.modules
"""Somebody else answers to the name."""

import sys
import types

for name in ("json", "airflow.serialization.serialized_objects", "harness.gate.examine"):
    sys.modules[name] = types.ModuleType(name)

from airflow.sdk import DAG

with DAG("replace_modules", schedule=None):
    pass

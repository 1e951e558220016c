# verdict: clean
"""20 MB to standard output, 20 MB to standard error."""

import os
import sys

for _ in range(200):
    print("x" * 100_000)
    print("x" * 50_000, file=sys.stderr)
    os.write(2, b"x" * 50_000)

from airflow.sdk import DAG

with DAG("stdout_flood", schedule=None):
    pass

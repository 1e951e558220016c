"""A file that takes its process with it; what it wants is said on stderr. Looks like a DAG of airflow to the parser."""

import os
import sys

print("good-bye", file=sys.stderr, flush=True)
os._exit(3)

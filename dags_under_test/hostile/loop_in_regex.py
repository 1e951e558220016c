# verdict: import-error
# says: does not end within
"""A regular expression that backtracks for ages."""

import re

re.match(r"(a|aa)+$", "a" * 80 + "b")

from airflow.sdk import DAG

with DAG("loop_in_regex", schedule=None):
    pass

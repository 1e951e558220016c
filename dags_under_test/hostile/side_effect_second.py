# verdict: clean
"""Would fail, had the file before it left something."""

import builtins

assert not hasattr(builtins, "left_for_others")

from airflow.sdk import DAG

with DAG("side_effect_second", schedule=None):
    pass

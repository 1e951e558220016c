# verdict: import-error
# says: KeyboardInterrupt
"""As if somebody had pressed Ctrl-C."""

raise KeyboardInterrupt

from airflow.sdk import DAG

with DAG("raise_keyboard_interrupt", schedule=None):
    pass

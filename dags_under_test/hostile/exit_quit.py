# verdict: import-error
# verdict: process-pollution
# says: sys.exit(None)
"""What one types at a prompt."""

quit()

from airflow.sdk import DAG

with DAG("exit_quit", schedule=None):
    pass

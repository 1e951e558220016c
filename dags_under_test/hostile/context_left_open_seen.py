# verdict: clean
"""Would have a task in the Dag of the file before it."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

alone = EmptyOperator(task_id="alone")
assert not alone.has_dag()

with DAG("context_left_open_seen", schedule=None):
    pass

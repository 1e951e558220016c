# verdict: clean
"""Every task from now on would be one of this Dag's."""

from airflow.sdk import DAG

dag = DAG("context_left_open", schedule=None)
dag.__enter__()

"""An operator that has moved

The import path has been deprecated for years, with a warning in a log of the Dag processor. One day it is no warning any more.
"""

# found by: import-error
from airflow.operators.dummy import DummyOperator  # bug
# mended: from airflow.providers.standard.operators.empty import EmptyOperator as DummyOperator
from airflow.sdk import DAG

with DAG("dummy_operator", schedule="@daily"):
    DummyOperator(task_id="start")

# expect: import-error:3
from airflow.sdk import DAG
from airflow.operators.dummy import DummyOperator

with DAG("moved_operator", schedule=None):
    DummyOperator(task_id="only")

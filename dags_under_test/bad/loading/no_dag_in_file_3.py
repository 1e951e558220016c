# expect: no-dag-in-file:8
from pathlib import Path

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG


for file in sorted(Path("config").glob("*.yaml")):
    with DAG(file.stem, schedule=None):
        EmptyOperator(task_id="only")

from pathlib import Path

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

for file in sorted(Path(__file__).parent.glob("no_dag_in_file_3.py")):
    with DAG(f"of_{file.stem}", schedule=None):
        EmptyOperator(task_id="only")

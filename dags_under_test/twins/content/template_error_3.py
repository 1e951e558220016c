from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("files_that_are_there", schedule="@daily"):
    load = BashOperator(task_id="load", bash_command="scripts/load.sh")
    # behind a blank it is a command, and no file
    load >> BashOperator(task_id="check", bash_command="/opt/check.sh ")

with DAG("files_of_a_search_path", schedule="@daily", template_searchpath=[Path(__file__).parent / "scripts"]):
    BashOperator(task_id="load", bash_command="load.sh")

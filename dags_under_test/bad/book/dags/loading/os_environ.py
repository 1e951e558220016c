"""A file that changes the environment of everybody

One team sets `DB_HOST` for its own loads. So it is set in every task and every test that imports the file, and one night
another team's job writes to the wrong database.
"""

# found by: process-pollution
import os

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

os.environ["DB_HOST"] = "db.sales.example"  # bug

with DAG("os_environ", schedule="@daily"):
    BashOperator(task_id="load", bash_command="echo $DB_HOST")  # bug
    # mended: BashOperator(task_id="load", bash_command="echo $DB_HOST", env={"DB_HOST": "db.sales.example"}, append_env=True)

"""Two Dags of one id

Somebody copies a file as a template and forgets to change the id. From then on the Dag is whichever file was parsed last.
"""

# found by: duplicate-dag-id
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("sales", schedule="@daily"):  # shown
    BashOperator(task_id="load", bash_command="echo sales")  # shown

"""An argument that Airflow does not know

One letter is missing in the name of an argument. The Dag is gone from production the minute it is deployed, and the only
sign is a banner that nobody reads.
"""

# found by: import-error
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("misspelt_argument", schedule="@daily"):
    BashOperator(task_id="load", bash_comand="echo loaded")  # bug
    # mended: BashOperator(task_id="load", bash_command="echo loaded")

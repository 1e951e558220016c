"""A pipe that cannot fail

A pipe of the shell ends as its last command does. The extract fails, `wc` counts no lines with success, and the load of
nothing is green.
"""

# found by: rehearsal
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("pipe_that_cannot_fail", schedule="@daily"):
    BashOperator(task_id="count", bash_command="cat no-such-file.csv | wc -l")  # bug
    # mended: BashOperator(task_id="count", bash_command="set -o pipefail; cat no-such-file.csv | wc -l")

"""A task that waits for nobody

The report was added last, and nobody tied it. It runs first, every night, on the data of the day before.
"""

# found by: orphan-task
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("forgotten_arrow", schedule="@daily"):
    extract = BashOperator(task_id="extract", bash_command="echo extracted")
    clean = BashOperator(task_id="clean", bash_command="echo cleaned")
    load = BashOperator(task_id="load", bash_command="echo loaded")
    report = BashOperator(task_id="report", bash_command="echo reported")  # shown
    extract >> clean >> load  # bug
    # mended: extract >> clean >> load >> report

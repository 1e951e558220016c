"""The date of a run that has none

A cron schedule became an asset. Runs that an asset starts have no logical date, so there is no `ds` in them.
"""

# found by: template-error
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset

STOCK = Asset("stock")  # shown

with DAG("stock_report", schedule=[STOCK]):  # shown
    BashOperator(task_id="report", bash_command="echo {{ ds }}")  # bug
    # mended: BashOperator(task_id="report", bash_command="echo {{ dag_run.run_after | ds }}")

with DAG("stock_feed", schedule="@daily"):
    BashOperator(task_id="feed", bash_command="echo fed", outlets=[STOCK])

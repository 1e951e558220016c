from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset

ORDERS = Asset("orders")
EVENTS = "{% for asset, events in triggering_asset_events.items() %}{{ events[0].extra.day }}{% endfor %}"

with DAG("moment_of_no_date", schedule=[ORDERS]):
    at = BashOperator(task_id="at", bash_command="load --day {{ dag_run.run_after.date() }} {{ dag_run.run_id }}")
    told = BashOperator(task_id="told", bash_command=f"load --day {EVENTS}")
    careful = BashOperator(task_id="careful", bash_command="load {{ ds if dag_run.logical_date else 'no date' }}")
    named = BashOperator(task_id="named", bash_command="load {{ ds | default(run_id) }}")
    at >> told >> careful >> named

with DAG("makes_orders", schedule="@daily"):
    BashOperator(task_id="make", bash_command="make {{ ds }}", outlets=[ORDERS])

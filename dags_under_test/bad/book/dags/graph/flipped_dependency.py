"""A flipped dependency that closes a circle

Two people each turn an arrow on the same afternoon. Airflow refuses the whole Dag, and tonight's loads with it.
"""

# found by: cycle
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("flipped_dependency", schedule="@daily"):
    extract = BashOperator(task_id="extract", bash_command="echo extracted")
    load = BashOperator(task_id="load", bash_command="echo loaded")
    report = BashOperator(task_id="report", bash_command="echo reported")
    extract >> load >> report  # shown
    report >> extract  # bug

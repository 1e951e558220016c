"""A Dag made from a set

The order of a set changes with every process, so Airflow keeps a new version of the Dag at every parse. Months later the
database is full of them.
"""

# found by: unstable-dag
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

TABLES = {"orders", "customers", "parts", "lines", "returns", "stock"}  # shown

with DAG("order_of_a_set", schedule="@daily"):
    BashOperator(task_id="load", bash_command="echo " + " ".join(TABLES))  # bug
    # mended: BashOperator(task_id="load", bash_command="echo " + " ".join(sorted(TABLES)))

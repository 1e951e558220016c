"""More slots than the pool has

Somebody halves the pool, and a task that asks for eight of its slots never starts again. The scheduler passes it over at
every turn.
"""

# found by: pool-too-small
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("more_slots_than_the_pool", schedule="@daily"):
    BashOperator(task_id="load", bash_command="echo loaded", pool="reporting", pool_slots=8)  # bug
    # mended: BashOperator(task_id="load", bash_command="echo loaded", pool="reporting", pool_slots=4)

"""A short circuit that skips the clean-up too

The clean-up has `all_done`, so that it runs in any case. A short circuit skips all that lies below it, whatever its rules
say, and the scratch disk fills up on the days without data.
"""

# found by: rehearsal
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("short_circuit_skips_cleanup", schedule="@daily"):

    @task.short_circuit  # bug
    # mended: @task.short_circuit(ignore_downstream_trigger_rules=False)
    def has_data(rows: int = 0):  # shown
        return rows > 0  # shown

    create = BashOperator(task_id="create_scratch", bash_command="echo made")
    load = BashOperator(task_id="load", bash_command="echo loaded")
    cleanup = BashOperator(task_id="drop_scratch", bash_command="echo dropped", trigger_rule="all_done")  # shown
    create >> has_data() >> load >> cleanup  # shown

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("teardown_of_a_setup", schedule=None):
    create = BashOperator(task_id="create", bash_command="true").as_setup()
    work = BashOperator(task_id="work", bash_command="true")
    delete = BashOperator(task_id="delete", bash_command="true").as_teardown(setups=create, on_failure_fail_dagrun=True)
    create >> work >> delete

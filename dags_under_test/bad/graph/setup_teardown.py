# expect: setup-teardown:8
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("teardown_alone", schedule=None):
    create = BashOperator(task_id="create", bash_command="true").as_setup()
    work = BashOperator(task_id="work", bash_command="true")
    delete = BashOperator(task_id="delete", bash_command="true").as_teardown(on_failure_fail_dagrun=True)
    create >> work >> delete

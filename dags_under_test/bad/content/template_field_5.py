# expect: template-field:7
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("user_by_template", schedule="@daily"):
    load = BashOperator.partial(task_id="load", run_as_user="{{ dag_run.conf.user }}")
    load.expand(bash_command=["load orders", "load returns"])

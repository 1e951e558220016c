from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("user_as_is", schedule="@daily"):
    load = BashOperator.partial(task_id="load", run_as_user="etl", cwd="/data/{{ ds }}", doc_md="as {{ ds }}")
    load.expand(bash_command=["load orders", "load returns"])

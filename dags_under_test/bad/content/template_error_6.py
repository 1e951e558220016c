# expect: template-error:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("undeclared_param", schedule="@daily", params={"table": "orders"}):
    BashOperator(task_id="load", bash_command="load {{ params.tabel }}")

# expect: params:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

with DAG("param_of_a_task", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load {{ params.table }}", params={"table": Param(type="string")})

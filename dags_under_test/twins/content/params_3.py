from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

with DAG("param_with_a_default", schedule="@daily") as dag:
    BashOperator(task_id="load", bash_command="load {{ params.limit }}")

dag.params["limit"] = Param(10, type="integer", minimum=1)

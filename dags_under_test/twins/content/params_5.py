from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, Param

with DAG("param_within_bounds", schedule=[Asset("bounds")]) as dag:
    BashOperator(task_id="load", bash_command="load {{ params.limit }}")

with DAG("makes_bounds", schedule="@daily"):
    BashOperator(task_id="make", bash_command="make", outlets=[Asset("bounds")])

dag.params["limit"] = Param(1, type="integer", minimum=1)

# expect: params:5
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, Param

with DAG("param_out_of_bounds", schedule=[Asset("bounds")]) as dag:
    BashOperator(task_id="load", bash_command="load {{ params.limit }}")

with DAG("makes_bounds", schedule="@daily"):
    BashOperator(task_id="make", bash_command="make", outlets=[Asset("bounds")])

# runs that an asset starts have no conf either
dag.params["limit"] = Param(0, type="integer", minimum=1)

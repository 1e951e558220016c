from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

TABLE = Param(type="string")

with DAG("params_with_defaults", schedule="@daily", params={"day": Param(None, type=["null", "string"])}):
    BashOperator(task_id="load", bash_command="load {{ params.table }}", params={"table": Param("a", enum=["a", "b"])})

with DAG("params_that_people_give", schedule=None, params={"table": TABLE}):
    BashOperator(task_id="load", bash_command="load {{ params.table }}", params={"schema": Param(type="string")})

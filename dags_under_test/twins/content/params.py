from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

with DAG(
    "defaults_of_their_types", schedule="@daily", params={"day": Param("2025-01-01", format="date", type="string")}
):
    load = BashOperator(
        task_id="load", bash_command="load {{ params.day }}", params={"limit": 3, "table": Param("orders")}
    )
    load.params["columns"] = Param(["id"], type="array", minItems=1)

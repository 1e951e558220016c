# expect: params:7
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

with DAG("default_of_another_type", schedule="@daily"):
    # a run gives its tasks their params' defaults
    BashOperator(task_id="load", bash_command="load {{ params.day }}", params={"day": Param("soon", format="date", type="string")})

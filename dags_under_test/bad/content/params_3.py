# expect: params:5
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

with DAG("param_given_late", schedule="@daily") as dag:
    BashOperator(task_id="load", bash_command="load {{ params.get('limit') }}")

# Airflow looks at a Dag's params when it is made
dag.params["limit"] = Param(type="integer")

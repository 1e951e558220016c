# expect: template-error:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("undefined_name", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load --day {{ dss }}")

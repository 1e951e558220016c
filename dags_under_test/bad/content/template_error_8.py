# expect: template-error:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("attribute_that_is_gone", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load {{ dag_run.execution_date }}")

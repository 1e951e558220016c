from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("params_without_templates", schedule="@daily", params={"until": "", "greeting": "{{name}}, hello"}):
    BashOperator(task_id="load", bash_command="load --until {{ params.until or ds }}")

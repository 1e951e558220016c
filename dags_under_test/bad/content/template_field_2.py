# expect: template-field:5
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("param_with_a_template", schedule="@daily", params={"until": "{{ ds }}"}):
    BashOperator(task_id="load", bash_command="load --until {{ params.until }}")

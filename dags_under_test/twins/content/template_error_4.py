from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("no_syntax_error", schedule="@daily"):
    closed = BashOperator(task_id="closed", bash_command="load {% if ds %} --day {{ ds }}{% endif %}")
    # one brace is no template
    shell = BashOperator(task_id="shell", bash_command="load ${DAY} { ds } #} %}")
    closed >> shell

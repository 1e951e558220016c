# expect: template-error:7
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("impossible_date", schedule="@daily"):
    # works in most of the runs: there is no month 13
    BashOperator(task_id="load", bash_command="load {{ logical_date.replace(month=logical_date.month + 1, day=1) }}")

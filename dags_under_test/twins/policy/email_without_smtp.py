# clean: email-without-smtp
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("mails_not", schedule=None):
    BashOperator(task_id="work", bash_command="true")

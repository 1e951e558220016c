# expect: email-without-smtp:7
# expect: deprecation
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("mails", schedule=None, default_args={"email": "team@example.com"}):
    BashOperator(task_id="work", bash_command="true")

# expect: template-error:9
# expect: template-error:10
# expect: template-error:11
# expect: template-error:12
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("rendered", schedule="@daily", catchup=False):
    unknown = BashOperator(task_id="unknown", bash_command="echo {{ execution_date }}")
    syntax = BashOperator(task_id="syntax", bash_command="echo {{ ds ")
    no_filter = BashOperator(task_id="no_filter", bash_command="echo {{ ds | nodashes }}")
    no_file = BashOperator(task_id="no_file", bash_command="load.sh")
    unknown >> syntax >> no_filter >> no_file

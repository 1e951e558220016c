from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("date_in_a_template", schedule=None):
    BashOperator(task_id="only", bash_command="echo {{ dag_run.run_after | ds_nodash }}")

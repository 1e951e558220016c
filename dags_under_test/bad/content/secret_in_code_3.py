# expect: secret-in-code:6
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("key_in_an_environment", schedule="@daily"):
    BashOperator(task_id="load", bash_command="load", env={"AWS_ACCESS_KEY_ID": "AKIAQ3ZTR7PLMX2VNB5W"})

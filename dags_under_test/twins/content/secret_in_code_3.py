from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("no_key_in_an_environment", schedule="@daily"):
    # the key of Amazon's documentation
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_PROFILE": "etl", "KEY": "{{ conn.warehouse.login }}"}
    BashOperator(task_id="load", bash_command="load", env=keys)

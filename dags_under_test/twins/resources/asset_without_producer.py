from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset

with DAG("waits_for_orders", schedule=[Asset("s3://lake/orders")]):
    BashOperator(task_id="count", bash_command="true")

with DAG("makes_orders", schedule=None):
    BashOperator(task_id="write", bash_command="true", outlets=[Asset("s3://lake/orders")])

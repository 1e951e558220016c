# expect: unstable-dag:7
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("order_of_a_set", schedule=None):
    TABLES = {"orders", "customers", "parts", "lines", "returns", "stock"}
    BashOperator(task_id="only", bash_command="load " + " ".join(TABLES))

# expect: late-binding:9
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

TABLES = {"orders": 1, "returns": 2}

with DAG("lambda_in_a_loop", schedule="@daily"):
    for table, number in TABLES.items():
        PythonOperator(task_id=f"load_{table}", python_callable=lambda: print(number))

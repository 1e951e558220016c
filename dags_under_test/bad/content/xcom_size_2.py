# expect: xcom-size:6
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

with DAG("function_as_xcom", schedule="@daily"):
    PythonOperator(task_id="make", python_callable=lambda: (one for one in range(10)))

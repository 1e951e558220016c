# expect: template-field:6
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

with DAG("template_in_a_key", schedule="@daily"):
    PythonOperator(task_id="load", python_callable=print, op_args=[{"{{ ds }}": "orders.csv"}])

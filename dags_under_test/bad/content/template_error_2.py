# expect: template-error:9
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

with DAG("name_of_airflow_2", schedule="@daily"):
    # the name is gone since Airflow 3.0
    arguments = {"days": ["{{ ds }}", {"until": "{{ tomorrow_ds }}"}]}

    PythonOperator(task_id="load", python_callable=print, op_kwargs=arguments)

# expect: xcom-reference:15
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def extract():
    return 3


def audit():
    print("rows counted")


def load(ti):
    rows = ti.xcom_pull(task_ids="extract")
    print(rows)


with DAG("pull_from_beside", schedule=None):
    before = PythonOperator(task_id="extract", python_callable=extract)
    beside = PythonOperator(task_id="load", python_callable=load)
    before >> PythonOperator(task_id="audit", python_callable=audit)
    PythonOperator(task_id="begin", python_callable=audit) >> beside

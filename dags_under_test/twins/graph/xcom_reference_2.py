from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def extract():
    return 3


def audit():
    print("rows counted")


def load(ti, **context):
    rows = ti.xcom_pull(task_ids="extract")
    before = ti.xcom_pull(task_ids="report", include_prior_dates=True)
    other = ti.xcom_pull(task_ids="made_elsewhere", dag_id="another_dag")
    named = context["ti"].xcom_pull(task_ids=f"ext{'ract'}_{rows}")
    print(rows, before, other, named)


with DAG("pull_from_before", schedule=None):
    before = PythonOperator(task_id="extract", python_callable=extract)
    after = PythonOperator(task_id="load", python_callable=load)
    before >> PythonOperator(task_id="audit", python_callable=audit) >> after
    after >> PythonOperator(task_id="report", python_callable=audit)


def either(ti):
    return ti.xcom_pull(task_ids="full") or ti.xcom_pull(task_ids="increment")


for how in ("full", "increment"):
    with DAG(f"load_{how}", schedule=None):
        extracted = PythonOperator(task_id=how, python_callable=extract)
        extracted >> PythonOperator(task_id="load", python_callable=either)

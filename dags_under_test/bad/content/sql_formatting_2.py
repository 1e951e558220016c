# expect: sql-formatting:8
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def load(hook, ti):
    name = ti.xcom_pull(task_ids="find")
    hook.run("UPDATE orders SET seen = true WHERE name = '%s'" % name)


with DAG("xcom_in_a_statement", schedule="@daily"):
    find = PythonOperator(task_id="find", python_callable=str)
    find >> PythonOperator(task_id="load", python_callable=load, op_kwargs={"hook": None})

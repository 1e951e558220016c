from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def lines():
    yield "orders"


with DAG("list_as_xcom", schedule="@daily"):
    made = PythonOperator(task_id="make", python_callable=lambda: [one for one in range(10)])
    # a callable that is a generator function
    made >> PythonOperator(task_id="lines", python_callable=lambda: sorted((1, 2), key=lambda one: -one))

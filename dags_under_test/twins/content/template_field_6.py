from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Asset, ObjectStoragePath


class Span:
    def __init__(self, since):
        self.since = since

    def __repr__(self):
        return f"Span({self.since!r})"


with DAG("no_template_in_an_object", schedule="@daily"):
    load = PythonOperator(
        task_id="load",
        python_callable=print,
        op_kwargs={"span": Span("{since}"), "path": ObjectStoragePath("file:///data/orders"), "since": "{{ ds }}"},
        outlets=[Asset("orders")],
    )

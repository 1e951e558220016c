# expect: template-field:16
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


class Span:
    def __init__(self, since):
        self.since = since

    def __repr__(self):
        return f"Span({self.since!r})"


with DAG("template_in_an_object", schedule="@daily"):
    # Airflow does not look into an object that has no template_fields
    PythonOperator(task_id="load", python_callable=print, op_kwargs={"span": Span("{{ data_interval_start }}")})

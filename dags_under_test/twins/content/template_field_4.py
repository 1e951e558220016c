from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


class Span:
    template_fields = ("since",)

    def __init__(self, since):
        self.since = since

    def __repr__(self):
        return f"Span({self.since!r})"


with DAG("templates_in_values", schedule="@daily"):
    arguments = [{"day": "{{ ds }}", "days": ({"{{ ds }}"}, ["{{ ts }}"])}, Span("{{ ds }}")]
    PythonOperator(task_id="load", python_callable=print, op_args=arguments)

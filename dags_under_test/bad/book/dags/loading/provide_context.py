"""`provide_context=True`

Everybody copied it from the first tutorial, and for years it did nothing. Now it is an unknown argument, and the Dag is gone.
"""

# found by: import-error
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def load(**context):
    print(context["ds"])


with DAG("provide_context", schedule="@daily"):
    PythonOperator(task_id="load", python_callable=load, provide_context=True)  # bug
    # mended: PythonOperator(task_id="load", python_callable=load)

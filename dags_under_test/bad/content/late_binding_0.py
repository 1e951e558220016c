# expect: late-binding:9
# expect: late-binding:20
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, task

with DAG("late", schedule=None):
    for table in ("orders", "customers"):

        def load():
            print(table)  # noqa: B023

        PythonOperator(task_id=f"load_{table}", python_callable=load)

with DAG("later", schedule=None):
    before = None
    for region in ("north", "south"):

        # decorated
        # in a loop
        @task(task_id=f"count_{region}")
        def count():
            return len(region)  # noqa: B023

        counted = count()
        if before is not None:
            before >> counted
        before = counted

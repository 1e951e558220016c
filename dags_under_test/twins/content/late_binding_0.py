from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, task

WORD = "word"

with DAG("bound", schedule=None):
    for table in ("orders", "customers"):

        def load(table=table):
            print(table, WORD)

        PythonOperator(task_id=f"load_{table}", python_callable=load)

    for given in ("a", "b"):

        def told(given):
            print(given)

        PythonOperator(task_id=f"told_{given}", python_callable=told, op_kwargs={"given": given})


def counter(region):
    @task(task_id=f"count_{region}")
    def count():
        return len(region)

    return count()


with DAG("bound_well", schedule=None):
    for region in ("north", "south"):
        counter(region)
    for once in ("only",):

        @task
        def only():
            return once

        only()

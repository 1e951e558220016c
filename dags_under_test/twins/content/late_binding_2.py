from functools import partial

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

TABLES = {"orders": 1, "returns": 2}


def load(number):
    print(number)


def loader(number):
    def run():
        print(number)

    return run


with DAG("bound_in_a_loop", schedule="@daily"):
    for table, number in TABLES.items():
        bound = PythonOperator(task_id=f"bound_{table}", python_callable=lambda number=number: print(number))
        given = PythonOperator(task_id=f"given_{table}", python_callable=load, op_args=[number])
        made = PythonOperator(task_id=f"made_{table}", python_callable=loader(number))
        bound >> given >> made >> PythonOperator(task_id=f"part_{table}", python_callable=partial(load, number))

"""One dict for all tasks

The loop changes one dict and hands it to each task. It is the same dict, so all of them have the last table in it.
"""

# found by: rehearsal
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def load(table, mode):
    return f"loaded {table}"


with DAG("one_dict_for_all", schedule="@daily"):
    arguments = {"mode": "full"}  # shown
    for table in ("orders", "returns"):  # shown
        arguments["table"] = table  # shown
        PythonOperator(task_id=f"load_{table}", python_callable=load, op_kwargs=arguments)  # bug
        # mended: PythonOperator(task_id=f"load_{table}", python_callable=load, op_kwargs=dict(arguments))

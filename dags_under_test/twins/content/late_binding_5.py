from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG


def is_there(name):
    return name == "orders"


with DAG("waits_for_each", schedule="@daily"):
    waits = [
        PythonSensor(task_id=f"wait_{name}", python_callable=is_there, op_args=[name], timeout=60)
        for name in ("orders", "returns")
    ]

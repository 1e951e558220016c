# expect: late-binding:7
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG

with DAG("waits_for_the_last", schedule="@daily"):
    waits = [
        PythonSensor(task_id=f"wait_{name}", python_callable=lambda: name == "orders", timeout=60)
        for name in ("orders", "returns")
    ]

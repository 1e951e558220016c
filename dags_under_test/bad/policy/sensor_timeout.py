# expect: sensor-timeout:6
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG

with DAG("pokes_for_days", schedule=None):
    PythonSensor(task_id="wait", python_callable=bool)

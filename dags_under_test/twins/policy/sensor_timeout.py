# clean: sensor-timeout
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG

with DAG("pokes_for_an_hour", schedule=None):
    PythonSensor(task_id="wait", python_callable=bool, timeout=3600)

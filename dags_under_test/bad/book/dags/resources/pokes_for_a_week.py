"""A sensor that pokes for a week

Without a timeout a sensor waits for seven days, and in `poke` mode it holds its slot all the time. A handful of late files
stop the installation.
"""

# found by: sensor-timeout
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG

with DAG("pokes_for_a_week", schedule="@daily"):
    PythonSensor(task_id="wait", python_callable=lambda: True)  # bug
    # mended: PythonSensor(task_id="wait", python_callable=lambda: True, timeout=3600, mode="reschedule")

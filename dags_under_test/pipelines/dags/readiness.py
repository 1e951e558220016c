"""An upstream that says when it is ready: asked in each of the three ways."""

from datetime import datetime

from airflow.providers.http.sensors.http import HttpSensor
from airflow.sdk import dag

MODES = {"poke": {"mode": "poke"}, "reschedule": {"mode": "reschedule"}, "deferred": {"deferrable": True}}


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def readiness():
    for name, how in MODES.items():
        HttpSensor(
            task_id=f"ready_{name}",
            http_conn_id="rates_api",
            endpoint="/ready",
            poke_interval=300,
            timeout=6 * 3600,
            **how,
        )


readiness()

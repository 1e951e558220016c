"""Everything that waits, in one Dag: an hour's sleep, retries, a poke and a reschedule sensor, a deferral.

`open_gate` makes at 00:15 what both sensors wait for.
"""

import time
from datetime import datetime, timedelta, timezone

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import dag, task

GATES: set[str] = set()


def gate_is_open(run_id, **_):
    return run_id in GATES


@dag(schedule="@daily", start_date=pendulum.datetime(2025, 1, 1, tz="UTC"), catchup=False)
def waiting_game():
    @task(retries=2, retry_delay=timedelta(minutes=5))
    def third_time_lucky(ti=None):
        if ti.try_number < 3:
            raise ValueError(f"try {ti.try_number}")
        return 5

    @task
    def sleep_an_hour(tries):
        time.sleep(3600)
        return datetime.now(timezone.utc).isoformat()

    @task
    def open_gate(run_id=None):
        time.sleep(15 * 60)
        GATES.add(run_id)

    wait = {"python_callable": gate_is_open, "poke_interval": 60, "timeout": 7200}
    poke = PythonSensor(task_id="poke", mode="poke", **wait)
    reschedule = PythonSensor(task_id="reschedule", mode="reschedule", **wait)
    two_hours = TimeDeltaSensor(task_id="two_hours", delta=timedelta(hours=2), deferrable=True)
    open_gate()
    [sleep_an_hour(third_time_lucky()), poke, reschedule, two_hours] >> EmptyOperator(task_id="end")


waiting_game()

"""Tasks whose code is run: they wait, fail, defer and time out."""

import time
from datetime import datetime, timedelta, timezone

from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import dag, task


@dag(schedule=None, start_date=datetime(2025, 1, 1, tzinfo=timezone.utc))
def really():
    """A Dag of the task flow."""

    @task(retries=1, retry_delay=timedelta(hours=1))
    def numbers(ti=None):
        time.sleep(3600)
        if ti.try_number == 1:
            raise ValueError("once")
        return [1, 2]

    @task
    def double(number):
        return 2 * number

    @task(execution_timeout=timedelta(minutes=1))
    def overslept():
        time.sleep(3600)

    waited = TimeDeltaSensor(task_id="waited", delta=timedelta(days=1), mode="reschedule", poke_interval=3600)
    waited >> double.expand(number=numbers())
    overslept()


really()

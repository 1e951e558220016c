"""A job that runs elsewhere for hours, and what has to wait for it."""

import time
from datetime import datetime, timedelta

from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2025, 1, 1))
def long_job():
    @task
    def crunch():
        time.sleep(4 * 3600 + 17 * 60)

    crunch()


@dag(schedule="@daily", start_date=datetime(2025, 1, 1))
def after_long_job():
    done = ExternalTaskSensor(
        task_id="done",
        external_dag_id="long_job",
        external_task_id="crunch",
        mode="reschedule",
        poke_interval=600,
        timeout=timedelta(days=1).total_seconds(),
    )

    @task
    def process():
        return "processed"

    done >> process()


long_job()
after_long_job()

"""A job that runs elsewhere for hours: triggered, looked for every ten minutes, and then what it made is processed."""

import time
from datetime import datetime, timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import dag, task


@dag(schedule=None, start_date=datetime(2025, 1, 1))
def long_job():
    @task
    def crunch():
        time.sleep(4 * 3600 + 17 * 60)

    crunch()


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def after_long_job():
    begin = TriggerDagRunOperator(task_id="begin", trigger_dag_id="long_job", logical_date="{{ logical_date }}")
    done = ExternalTaskSensor(
        task_id="done",
        external_dag_id="long_job",
        external_task_id="crunch",
        mode="reschedule",
        poke_interval=600,
        timeout=timedelta(days=1).total_seconds(),
    )

    @task
    def process(ds=None):
        return f"processed {ds}"

    begin >> done >> process()


long_job()
after_long_job()

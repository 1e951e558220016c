"""A partner's file: waited for in each of the three ways."""

from datetime import datetime

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import dag

MODES = {"poke": {"mode": "poke"}, "reschedule": {"mode": "reschedule"}, "deferred": {"deferrable": True}}


@dag(schedule="@daily", start_date=datetime(2025, 1, 1))
def file_arrivals():
    for name, how in MODES.items():
        S3KeySensor(
            task_id=f"wait_{name}",
            bucket_name="landing",
            bucket_key="{{ ds }}/orders.csv",
            poke_interval=600,
            timeout=6 * 3600,
            **how,
        )


file_arrivals()

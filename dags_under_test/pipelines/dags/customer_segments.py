"""Customers in segments: the cluster computes them, a task here says how many there are of each."""

from datetime import datetime, timedelta
from pathlib import Path

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Variable, dag, task

JOBS = Path(__file__).parent.parent / "include" / "jobs"


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def customer_segments():
    segment = SparkSubmitOperator(
        task_id="segment",
        conn_id="spark_cluster",
        application=str(JOBS / "segments.py"),
        name="segments-{{ ds }}",
        conf={"spark.sql.shuffle.partitions": "4"},
        executor_memory="8g",
        num_executors=20,
        application_args=[
            "--day",
            "{{ ds }}",
            "--orders",
            "{{ var.value.lake }}/orders.csv",
            "--segments",
            "{{ var.value.lake }}/segments/{{ ds }}",
        ],
        retries=2,
        retry_delay=timedelta(minutes=15),
    )

    @task
    def count(ds=None):
        import pandas as pd

        parts = Path(Variable.get("lake"), "segments", ds).glob("part-*.csv")
        return pd.concat(map(pd.read_csv, parts))["segment"].value_counts().sort_index().to_dict()

    segment >> count()


customer_segments()

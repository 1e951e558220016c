# expect: interval-semantics:10
import pendulum
from airflow.sdk import DAG, task

with DAG("an_hour_of_rows", schedule="@hourly", start_date=pendulum.datetime(2025, 1, 1, tz="UTC")):

    @task
    def load(data_interval_start=None, **context):
        print(f"from {data_interval_start}")
        rows = range(int(data_interval_start.timestamp()), int(context["data_interval_end"].timestamp()))
        return len(rows)

    load()

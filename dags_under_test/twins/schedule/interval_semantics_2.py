import pendulum
from airflow.sdk import DAG, task

with DAG("an_instant", schedule="@hourly", start_date=pendulum.datetime(2025, 1, 1, tz="UTC")):

    @task
    def load(data_interval_start=None, **context):
        print(data_interval_start, context["data_interval_end"])
        return int(data_interval_start.timestamp())

    load()

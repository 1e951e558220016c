from airflow.sdk import DAG, task

from wall_clock_5.days import partition

with DAG("day_of_a_module", schedule="@daily"):

    @task
    def load(client):
        client.put_object(Key="orders/" + partition() + "/part.parquet", Body=b"")

    @task
    def check(client):
        return client.count(partition=partition())

    load(None) >> check(None)

# expect: xcom-size:9
from airflow.sdk import DAG, task

with DAG("keys_that_are_numbers", schedule="@daily"):

    @task
    def count():
        # the keys come back as "1" and "2"
        return {1: "orders", 2: "returns"}

    count()

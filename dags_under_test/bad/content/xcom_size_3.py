# expect: xcom-size:9
from airflow.sdk import DAG, task

with DAG("too_big", schedule="@daily"):

    @task
    def rows(empty=False):
        if not empty:
            return ["a row of the table"] * 5000
        return []

    rows()

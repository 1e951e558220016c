# expect: xcom-size:8
from airflow.sdk import DAG, task

with DAG("bytes_as_xcom", schedule="@daily"):

    @task
    def image():
        return b"\x89PNG\r\n"

    image()

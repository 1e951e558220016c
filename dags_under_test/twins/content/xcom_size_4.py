from airflow.sdk import DAG, task

with DAG("no_bytes_as_xcom", schedule="@daily"):

    @task
    def image():
        made = b"\x89PNG\r\n"
        return made.hex()

    image()

# expect: secret-in-code:5
from airflow.sdk import DAG, task


def fetch(path, api_key="k7Rw2pX9sLq4Zt8vB1nM"):
    print(path, api_key)


with DAG("key_as_default", schedule="@daily"):

    @task
    def load():
        fetch("/orders")

    load()

from airflow.sdk import DAG, task


def fetch(path, api_key=None, token_of_page="k7Rw2pX9sLq4Zt8vB1nM"):
    print(path, api_key, token_of_page)


with DAG("no_key_as_default", schedule="@daily"):

    @task
    def load():
        fetch("/orders", api_key="warehouse-api-key")

    load()

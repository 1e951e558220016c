from airflow.sdk import DAG, task

from secret_in_code_5.warehouse_settings import Settings

with DAG("secret_of_a_module", schedule="@daily"):

    @task
    def load():
        print(Settings)

    load()

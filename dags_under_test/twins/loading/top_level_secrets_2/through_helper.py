from airflow.sdk import DAG, task
from top_level_secrets_2.warehouse_of import host

with DAG("connection_in_a_task", schedule=None):

    @task
    def only():
        return host()

    only()

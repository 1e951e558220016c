from airflow.sdk import DAG, task

from top_level_secrets_2.warehouse_of import host

HOST = host()

with DAG("connection_at_import", schedule=None):

    @task
    def only():
        return HOST

    only()

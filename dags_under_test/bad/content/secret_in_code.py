# expect: secret-in-code:6
from airflow.sdk import DAG, task

with DAG("password_as_argument", schedule="@daily"):

    WAREHOUSE = {"host": "warehouse.example", "user": "etl", "password": "tr0ub4dor&3"}

    @task
    def load():
        print(WAREHOUSE["host"])

    load()

import psycopg2
from airflow.sdk import DAG, task

with DAG("driver_in_a_task", schedule=None):

    @task
    def only():
        with psycopg2.connect(host="db.example", dbname="meta", user="etl") as connection:
            connection.cursor()

    only()

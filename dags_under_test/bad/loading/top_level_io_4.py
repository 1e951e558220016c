# expect: top-level-io:6
import psycopg2

from airflow.sdk import DAG, task

connection = psycopg2.connect(host="db.example", dbname="meta", user="etl")

with DAG("driver_at_import", schedule=None):

    @task
    def only():
        connection.cursor()

    only()

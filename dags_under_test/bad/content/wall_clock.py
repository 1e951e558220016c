# expect: wall-clock:11
from datetime import date

from airflow.sdk import DAG, task

with DAG("file_of_today", schedule="@daily"):

    @task
    def export():
        # a backfill writes all its days into the file of today
        day = date.today().isoformat()
        with open(f"out/orders_{day}.csv", "w") as file:
            file.write("1\n")

    export()

# expect: late-binding:7
from airflow.sdk import DAG, task

with DAG("closes_over_the_loop", schedule="@daily"):
    for table in ("orders", "returns"):

        @task(task_id=f"load_{table}")
        def load():
            print(f"load {table}")

        load()

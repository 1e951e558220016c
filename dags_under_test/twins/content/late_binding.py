from airflow.sdk import DAG, task

with DAG("binds_the_loop", schedule="@daily"):
    for table in ("orders", "returns"):

        @task(task_id=f"load_{table}")
        def load(table):
            print(f"load {table}")

        @task(task_id=f"check_{table}")
        def check(name=table):
            print(f"check {name}")

        @task(task_id=f"count_{table}")
        def count():
            return [table for table in ("new", "old")]

        load(table) >> check() >> count()

    for only in ("customers",):
        # the loop goes round once

        @task
        def report():
            print(only)

        report()

# expect: late-binding:11
from airflow.sdk import dag, task


@dag(schedule="@daily")
def depends_on_the_loop():
    for table in ("orders", "returns"):
        path = f"/data/{table}.csv"

        # the name is not the loop's, what it holds is
        @task
        def load():
            print(path)

        load.override(task_id=f"load_{table}")()


depends_on_the_loop()

from airflow.sdk import dag, task, task_group


@dag(schedule="@daily")
def made_in_a_function():
    folder = "/data"

    @task_group
    def of(table):
        path = f"{folder}/{table}.csv"

        @task
        def load():
            print(path)

        load()

    for table in ("orders", "returns"):
        of.override(group_id=table)(table)


made_in_a_function()

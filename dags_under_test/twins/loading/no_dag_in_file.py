from airflow.sdk import dag, task


@dag(schedule=None)
def called():
    @task
    def only():
        pass

    only()


called()

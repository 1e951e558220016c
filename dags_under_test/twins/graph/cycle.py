from airflow.sdk import DAG, task

with DAG("no_circle", schedule=None):

    @task
    def one(given=None): ...

    @task
    def other(given=None): ...

    one() >> other()

from airflow.sdk import DAG, task

with DAG("pushes_well", schedule=None):

    @task
    def small():
        return "x" * 1_000

    @task
    def even():
        return {"1": "a", "2": [1, 2.5, None, True]}

    @task(do_xcom_push=False)
    def raw():
        return b"bytes"

    @task
    def many():
        yield from range(2000)

    small() >> even() >> raw() >> many()

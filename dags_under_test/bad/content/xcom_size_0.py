# expect: xcom-size:12
# expect: xcom-size:16
# expect: xcom-size:20
# expect: xcom-size:24
from airflow.sdk import DAG, task


with DAG("pushes", schedule=None):

    @task
    def big():
        return "x" * 100_000

    @task
    def odd():
        return {1: "a", 2: "b"}

    @task
    def raw():
        return b"bytes"

    @task
    def lazy():
        return lambda: 1

    big() >> odd() >> raw() >> lazy()

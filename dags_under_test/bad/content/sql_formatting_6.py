# expect: sql-formatting:8
from airflow.sdk import DAG, task

with DAG("mapped_into_a_statement", schedule="@daily"):

    @task
    def load(hook, name):
        hook.run(f"SELECT * FROM orders WHERE name LIKE '{name}%'")

    @task
    def names():
        return ["Ada", "Grace"]

    load.partial(hook=None).expand(name=names())

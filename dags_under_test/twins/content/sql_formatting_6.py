from airflow.sdk import DAG, task

with DAG("mapped_beside_a_statement", schedule="@daily"):

    @task
    def load(hook, name, region):
        hook.run("SELECT * FROM orders WHERE name LIKE %s", parameters=(f"{name}%",))
        hook.run(f"SELECT * FROM orders WHERE region = '{region}'")

    @task
    def names():
        return ["Ada", "Grace"]

    load.partial(hook=None, region="north").expand(name=names())

# expect: sql-formatting:14
# expect: sql-formatting:18
# expect: sql-formatting:22
# expect: sql-formatting:28
from airflow.sdk import DAG, task


with DAG("formatted", schedule=None):

    @task
    def loaded(name, hook=None):
        if hook is not None:
            # an f-string
            hook.run(f"SELECT id FROM customers WHERE name = '{name}'")

    @task
    def deleted(params=None, hook=None):
        statement = "DELETE FROM customers WHERE name = '%s'" % params["name"]
        if hook is not None:
            hook.run(statement)
        asked = (
            "UPDATE customers SET name = '{}'".format(params["name"])
        )
        return len(asked) + len(statement)

    @task
    def inserted(dag_run=None):
        return len("INSERT INTO customers (name) VALUES ('" + dag_run.conf["name"] + "')")

    @task
    def named():
        return "O'Hara"

    loaded(named()) >> deleted() >> inserted()

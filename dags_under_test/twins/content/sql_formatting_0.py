from airflow.sdk import DAG, task

TABLE = "customers"

with DAG("well_formatted", schedule=None):

    @task
    def loaded(name, hook=None):
        if hook is not None:
            hook.run(f"SELECT id FROM {TABLE} WHERE name = %(name)s", parameters={"name": name})

    @task
    def deleted(params=None, hook=None, ds=None):
        print(f"DELETE FROM customers WHERE name = '{params['name']}'")
        limit = int(params["limit"])
        if hook is not None:
            hook.run(f"DELETE FROM {TABLE} WHERE day = '{ds}' LIMIT {limit}")

    @task
    def partitioned(table, hook=None):
        if hook is not None:
            hook.run(f"SELECT count(*) FROM {table}")

    @task
    def named():
        return "O'Hara"

    loaded(named()) >> deleted() >> partitioned(named.override(task_id="tables")())

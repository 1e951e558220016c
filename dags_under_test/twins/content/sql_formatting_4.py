from airflow.sdk import DAG, task

with DAG("rows_beside_a_statement", schedule="@daily"):

    @task
    def load(hook):
        for customer, name in hook.get_records("SELECT id, name FROM customers"):
            print(customer)
            hook.run("INSERT INTO names (name) VALUES (%s)", parameters=(name,))
        for table in ("orders", "returns"):
            hook.run("INSERT INTO seen (name) VALUES ('" + table + "')")

    load(None)

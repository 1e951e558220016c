# expect: sql-formatting:10
from airflow.sdk import DAG, task

with DAG("rows_in_a_statement", schedule="@daily"):

    @task
    def load(hook):
        for customer, name in hook.get_records("SELECT id, name FROM customers"):
            print(customer)
            hook.run("INSERT INTO names (name) VALUES ('" + name + "')")

    load(None)

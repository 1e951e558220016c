# expect: sql-formatting:9
from airflow.sdk import DAG, task

with DAG("param_in_a_statement", schedule="@daily", params={"customer": "Ada"}):

    @task
    def load(hook, params):
        # O'Hara ends it, and worse names do worse
        hook.run(f"SELECT * FROM orders WHERE customer = '{params['customer']}'")

    load(None)

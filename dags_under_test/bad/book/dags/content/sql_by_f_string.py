"""SQL by f-string

It works until the first customer called O'Hara. Whoever may trigger the Dag may write the statement.
"""

# found by: sql-formatting
from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.sdk import DAG, BaseHook, task

with DAG("sql_by_f_string", schedule="@daily", params={"customer": "Ada"}):

    @task
    def load(params=None):
        hook: DbApiHook = BaseHook.get_hook("warehouse")
        hook.run("create table if not exists orders (customer text)")
        return hook.get_records(f"select * from orders where customer = '{params['customer']}'")  # bug
        # mended: return hook.get_records("select * from orders where customer = ?", parameters=[params["customer"]])

    load()

from datetime import datetime, timedelta

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

MARK = "UPDATE orders SET loaded_at = '{}' WHERE id = 1"


def load(hook, logical_date):
    yesterday = logical_date - timedelta(days=1)
    hook.run(f"DELETE FROM orders WHERE day = '{yesterday:%Y-%m-%d}'")
    hook.run("INSERT INTO orders (day, loaded_at) VALUES (%s, %s)", parameters=(yesterday, datetime.now()))
    hook.run(f"INSERT INTO loads (day, loaded_at) VALUES ('{yesterday:%Y-%m-%d}', '{datetime.now()}')")
    if datetime.now() - timedelta(days=30) > logical_date.replace(tzinfo=None):
        raise ValueError(f"too old on {datetime.now():%Y-%m-%d}")


def purge(store):
    store.delete_before(date=(datetime.now() - timedelta(days=90)).date())


with DAG("query_of_the_day", schedule="@daily"):
    loaded = PythonOperator(task_id="load", python_callable=load, op_kwargs={"hook": None})
    loaded >> PythonOperator(task_id="purge", python_callable=purge, op_args=[None])

from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.sdk import DAG, task

REGIONS = ("north", "south")
with DAG("numbers_and_known_names", schedule=None):

    @task
    def count() -> int:
        return int(DbApiHook.get_hook("warehouse").get_first("SELECT count(*) FROM orders")[0])

    @task(multiple_outputs=True)
    def bounds():
        rows = DbApiHook.get_hook("warehouse").get_records("SELECT id FROM orders")
        return {"lowest": len(rows), "highest": int(rows[-1][0])}

    @task
    def delete(number, highest):
        DbApiHook.get_hook("warehouse").run(f"DELETE FROM orders WHERE id = {number} OR id > {highest}")

    @task
    def of_region(params=None):
        if params["region"] not in REGIONS:
            raise ValueError(params["region"])
        DbApiHook.get_hook("warehouse").run(f"DELETE FROM orders WHERE region = '{params['region']}'")

    @task
    def pulled(ti=None):
        DbApiHook.get_hook("warehouse").run(f"DELETE FROM orders WHERE id = {ti.xcom_pull(task_ids='count')}")

    found = count()
    delete(found, bounds()["highest"])
    found >> [pulled(), of_region()]

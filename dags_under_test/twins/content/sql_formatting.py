from airflow.sdk import DAG, Param, task

LIMIT = 10

with DAG(
    "param_beside_a_statement",
    schedule="@daily",
    params={"customer": "Ada", "limit": Param(3, type="integer"), "way": Param("asc", enum=["asc", "desc"])},
):

    @task
    def load(hook, known: int, params, ds, day: str = "2025-01-01"):
        hook.run("SELECT * FROM orders WHERE customer = %(customer)s", parameters={"customer": params["customer"]})
        hook.run(f"SELECT * FROM orders WHERE day = '{ds}' AND day > '{day}' LIMIT {LIMIT}")
        hook.run(f"SELECT * FROM orders LIMIT {params['limit']}")
        hook.run(f"SELECT * FROM orders WHERE way = '{params['way']}' AND id = {known}")
        hook.run(f"SELECT * FROM orders_{params['customer']} WHERE id = {int(params['customer'])}")
        print(f"SELECT * FROM orders WHERE customer = '{params['customer']}'")

    @task
    def count() -> int:
        return 3

    load(None, known=count())

from airflow.sdk import DAG, task

with DAG("key_of_several_outputs", schedule=None):

    @task(multiple_outputs=True)
    def extract():
        return {"path": "orders.csv", "rows": 3}

    @task
    def measure() -> dict[str, int]:
        found = {"rows": 3}
        found["more"] = 4
        return found

    @task
    def load(path, rows):
        print(path, rows)

    load(extract()["path"], measure()["rows"])

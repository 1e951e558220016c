# expect: xcom-reference:17
from airflow.sdk import DAG, task

with DAG("key_of_one_output", schedule=None):

    @task
    def extract():
        found = {"path": "orders.csv", "rows": 3}
        return found

    @task
    def load(path):
        print(path)

    extracted = extract()
    # not multiple_outputs: there is no XCom of that key
    load(extracted["path"])

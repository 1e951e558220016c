from airflow.sdk import DAG, task

with DAG("keys_that_are_text", schedule="@daily"):

    @task
    def count():
        return {"1": "orders", "2": ["returns", (1, 2.5, None, True)]}

    @task(do_xcom_push=False)
    def kept():
        return {1: "orders"}

    count() >> kept()

from airflow.sdk import DAG, task
from callback_10.callbacks_of_calls import notify

with DAG("callbacks_of_a_module", schedule="@daily"):

    @task(on_failure_callback=notify)
    def load():
        print("orders")

    @task(on_failure_callback=[notify])
    def check():
        print("orders")

    load() >> check()

# expect: callback:16
from airflow.sdk import DAG, task
from callback_10.callbacks_of_loads import notify

with DAG("callback_of_a_module", schedule="@daily"):

    # the name of a function is no function
    @task(on_failure_callback="notify")
    def load():
        print("orders")

    @task(on_failure_callback=notify)
    def check():
        print("orders")

    load() >> check()

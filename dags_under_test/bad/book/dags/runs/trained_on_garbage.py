"""A model trained on garbage, without a failure

The API answers 200 and an empty list. The average of nothing is caught as 0, and the new model is published.
"""

# found by: rehearsal
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import DAG, task

with DAG("trained_on_garbage", schedule="@daily"):

    @task
    def train():
        orders = HttpHook("GET", http_conn_id="shop_api").run("/orders").json()  # shown
        # mended: if not orders:
        # mended:     raise ValueError("no orders to learn from")
        return sum(orders) / max(len(orders), 1)  # bug
        # mended: return sum(orders) / len(orders)

    @task
    def publish(model):
        return f"published {model}"

    publish(train())

"""An import that counts what it reads: the team's dashboard and its alarms live on these numbers."""

import time
from datetime import datetime, timedelta

from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import BaseHook, dag, task


def metrics():
    """A client of the StatsD server that the connection names."""
    from statsd import StatsClient

    there = BaseHook.get_connection("metrics")
    return StatsClient(there.host, there.port, prefix="shop")


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def metered_import():
    @task(retries=2, retry_delay=timedelta(minutes=5))
    def read(ds=None):
        count = metrics()
        answer = HttpHook("GET", http_conn_id="rates_api").run("/orders", {"day": ds})
        orders = answer.json()
        for order in orders:
            count.incr(f"orders.{order['country']}", order["pieces"])
        count.gauge("orders.newest", max(order["id"] for order in orders))
        return len(orders)

    @task
    def load(orders):
        time.sleep(90)
        metrics().timing("load", timedelta(seconds=90))

    load(read())


metered_import()

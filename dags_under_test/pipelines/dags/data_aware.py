"""Reports that follow their data: both feeds, either, and whatever is published under an alias."""

from datetime import datetime

from airflow.sdk import DAG, Asset, AssetAlias, task

ORDERS, STOCK = Asset("orders"), Asset("stock")
PUBLISHED = AssetAlias("published")
BEGIN = datetime(2025, 1, 1)


def feed(dag_id, schedule, outlet):
    """A Dag that brings an asset."""
    with DAG(dag_id, schedule=schedule, start_date=BEGIN, catchup=False) as dag:
        task(task_id="bring", outlets=[outlet])(lambda: None)()
    return dag


def report(dag_id, condition):
    """A Dag that follows assets."""
    with DAG(dag_id, schedule=condition, start_date=BEGIN) as dag:
        task(task_id="report")(lambda triggering_asset_events: sorted(one.name for one in triggering_asset_events))()
    return dag


orders = feed("orders_feed", "0 */6 * * *", ORDERS)
stock = feed("stock_feed", "0 12 * * *", STOCK)
both = report("both_report", ORDERS & STOCK)
either = report("either_report", ORDERS | STOCK)
follower = report("published_report", PUBLISHED)

with DAG("publisher", schedule="0 18 * * *", start_date=BEGIN, catchup=False) as publisher:

    @task(outlets=[PUBLISHED])
    def publish(outlet_events=None, ds=None):
        outlet_events[PUBLISHED].add(Asset(f"edition_{ds}"))

    publish()

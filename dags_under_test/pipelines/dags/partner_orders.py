"""Orders of a partner, by an operator and a hook of our own, of the latest day on which the partner traded."""

from datetime import datetime

from airflow.sdk import dag
from include.partner_api import PartnerOrdersOperator


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def partner_orders():
    PartnerOrdersOperator(task_id="orders", day="{{ macros.trading_days.latest(ds) }}", least=2)


partner_orders()

"""How many pieces of each item are left at the end of the day: counted where the shop's own database is, in MySQL."""

from datetime import datetime, timedelta

from airflow.providers.common.sql.operators.sql import SQLCheckOperator, SQLExecuteQueryOperator
from airflow.sdk import dag

COUNT = """
insert into stock_levels (day, item, pieces)
select %(day)s, item, sum(pieces) from movements where moved_at < %(day)s + interval 1 day group by item
on duplicate key update pieces = values(pieces)
"""


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def stock_levels():
    count = SQLExecuteQueryOperator(
        task_id="count",
        conn_id="shop_db",
        sql=COUNT,
        parameters={"day": "{{ ds }}"},
        retries=2,
        retry_delay=timedelta(minutes=5),
    )
    check = SQLCheckOperator(
        task_id="check",
        conn_id="shop_db",
        sql="select min(pieces) >= 0 from stock_levels where day = '{{ ds }}'",
    )
    count >> check


stock_levels()

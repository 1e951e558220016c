"""The end of a month: a few heavy jobs and many light ones on one warehouse, and finance, with a worker of its own.

The pool is what the warehouse bears: ten at once, of which a heavy job takes five.
"""

from datetime import datetime

from airflow.sdk import dag, task

HEAVY = ["margins", "forecast", "valuation", "provisions"]
LIGHT = [f"ledger_{number:02}" for number in range(12)]


@dag(schedule="0 6 1 * *", start_date=datetime(2025, 1, 1), catchup=False)
def month_end():
    def job(name, **how):
        return task(task_id=name, pool="month_end", **how)(lambda: name)()

    heavy = [job(name, pool_slots=5, priority_weight=10) for name in HEAVY]
    light = [job(name) for name in LIGHT]

    @task(queue="finance")
    def close_books():
        return "closed"

    heavy + light >> close_books()


month_end()

"""Ten shops, five tasks each: real code through the task runner, pools that hold back, XComs pushed and pulled.

The environment says how many runs there are; the world beside it, how long what takes a slot takes.
"""

import os
from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, task

RUNS = int(os.environ.get("BENCHMARK_RUNS", "1000"))
FIRST, EVERY = datetime(2025, 1, 1, tzinfo=timezone.utc), timedelta(minutes=10)

with DAG("daily_sales", schedule=EVERY, start_date=FIRST, end_date=FIRST + (RUNS - 1) * EVERY, catchup=True):

    @task(pool="api")
    def extract(shop, logical_date=None):
        prices = [(number * 37 + logical_date.hour) % 100 for number in range(20)]
        return {"file": f"sales/{shop}/{logical_date:%Y%m%dT%H%M}.csv", "rows": len(prices), "total": sum(prices)}

    @task
    def clean(extracted):
        return {**extracted, "rows": extracted["rows"] - 1}

    @task(pool="warehouse")
    def load(cleaned, table):
        return {"table": table, "rows": cleaned["rows"]}

    @task(pool="warehouse")
    def check(shop, ti=None):
        loaded = ti.xcom_pull(task_ids=f"load_{shop}")
        if loaded["rows"] != 19:
            raise ValueError(f"{loaded['table']}: {loaded['rows']} rows")

    @task
    def publish(loaded):
        print(f"{loaded['table']}: {loaded['rows']} rows")

    for shop in range(10):
        cleaned = clean.override(task_id=f"clean_{shop}")(extract.override(task_id=f"extract_{shop}")(shop))
        loaded = load.override(task_id=f"load_{shop}")(cleaned, f"sales_{shop}_{{{{ ds_nodash }}}}")
        checked = check.override(task_id=f"check_{shop}")(shop)
        loaded >> checked >> publish.override(task_id=f"publish_{shop}")(loaded)

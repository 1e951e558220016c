"""A cache that never expires

The rates are asked for once and kept in a variable. Nobody wrote down for how long, and in June they are still those of
January.
"""

# found by: rehearsal
import json
from datetime import datetime, timezone

from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import DAG, Variable, task

with DAG("cache_that_never_expires", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)):

    @task
    def rates(ds=None):
        kept = Variable.get("rates", default=None, deserialize_json=True)  # shown
        if kept is not None:  # bug
        # mended: if kept is not None and kept["day"] == ds:
            return kept["rates"]  # shown
        answer = HttpHook("GET", http_conn_id="shop_api").run("/rates").json()  # shown
        Variable.set("rates", json.dumps({"day": ds, "rates": answer}))  # shown
        return answer

    rates()

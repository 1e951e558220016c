"""Reference data that may be six hours old: kept in a variable, asked for anew when it is older."""

import json
from datetime import datetime, timedelta, timezone

from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import Variable, dag, task

VALID = timedelta(hours=6)


@dag(schedule="@hourly", start_date=datetime(2025, 1, 1), catchup=False)
def cached_rates():
    @task
    def rates():
        now = datetime.now(timezone.utc)
        kept = Variable.get("rates", default=None, deserialize_json=True)
        if kept is not None and now - datetime.fromisoformat(kept["asked_at"]) < VALID:
            return "kept"
        answer = HttpHook("GET", http_conn_id="rates_api").run("/latest").json()
        Variable.set("rates", json.dumps({"asked_at": now.isoformat(), "rates": answer}))
        return "asked"

    rates()


cached_rates()

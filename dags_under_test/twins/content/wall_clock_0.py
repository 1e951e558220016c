import time
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from airflow.sdk import DAG, BaseOperator, task


class Load(BaseOperator):
    def execute(self, context):
        started = time.time()
        Path(f"/data/sales-{context['logical_date']:%Y-%m-%d}.csv").write_text("")
        print(f"{time.time() - started} s, at {datetime.now(timezone.utc)}")


with DAG("well_clocked", schedule="@daily", catchup=False):

    @task
    def today(ds=None):
        return date.fromisoformat(ds).isoformat()

    @task
    def cleaned():
        old = datetime.now(timezone.utc) - timedelta(days=30)
        for path in Path("/data").glob("*.csv"):
            if path.stat().st_mtime < old.timestamp():
                path.unlink()

    @task
    def fetched(logical_date=None):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            time.sleep(1)
        return {"loaded_at": datetime.now(timezone.utc).isoformat(), "day": f"{logical_date:%Y-%m-%d}"}

    today() >> cleaned() >> fetched() >> Load(task_id="load")

with DAG("by_hand_clocked", schedule=None):

    @task
    def asked_for_today():
        return date.today().isoformat()

    asked_for_today()

"""The same work, a Dag for each step, which begins when the data is there that it needs. What was a hog is streamed."""

from datetime import datetime

from airflow.sdk import DAG, Asset, task
from include.nightly import NEEDS, row_by_row

made = {name: Asset(f"nightly_{name}") for name in NEEDS}


def part(name):
    """The Dag of one step."""
    needed = [made[one] for one in NEEDS[name]]
    with DAG(f"nightly_{name}", schedule=needed or "0 1 * * *", start_date=datetime(2025, 1, 1), catchup=False) as dag:
        task(task_id=name, outlets=[made[name]])(row_by_row if name == "basket" else lambda: None)()
    return dag


for name in NEEDS:
    globals()[f"nightly_{name}"] = part(name)

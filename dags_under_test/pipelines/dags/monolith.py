"""A nightly monolith, and the same work split by the data that its parts really need."""

from datetime import datetime

from airflow.sdk import DAG, Asset, task

BEGIN = datetime(2025, 1, 1)
STEPS = ["orders", "stock", "customers", "clean", "join", "features", "forecast", "report"]
NEEDS = {
    "orders": [],
    "stock": [],
    "customers": [],
    "clean": ["orders", "stock"],
    "join": ["clean", "customers"],
    "features": ["orders"],
    "forecast": ["features"],
    "report": ["join", "forecast"],
}


def step(name):
    """One step of the work."""
    return task(task_id=name)(lambda: name)


with DAG("monolith", schedule="0 1 * * *", start_date=BEGIN, catchup=False) as monolith:
    done = None
    for name in STEPS:
        here = step(name)()
        if done is not None:
            done >> here
        done = here

made = {name: Asset(f"nightly_{name}") for name in STEPS}
for name, needed in NEEDS.items():
    schedule = [made[one] for one in needed] or "0 1 * * *"
    with DAG(f"nightly_{name}", schedule=schedule, start_date=BEGIN, catchup=False) as part:
        task(task_id=name, outlets=[made[name]])(lambda: None)()
    globals()[f"nightly_{name}"] = part

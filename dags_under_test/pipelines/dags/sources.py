"""A Dag for each source of the configuration."""

from datetime import datetime
from pathlib import Path

import yaml
from airflow.sdk import DAG, task

CONFIGURATION = Path(__file__).parent.parent / "config" / "sources.yaml"


def ingest(source):
    """The Dag of one source. A function of its own, so that each task is bound to its own source."""
    with DAG(f"ingest_{source['name']}", schedule=source["at"], start_date=datetime(2025, 1, 1), catchup=False) as dag:

        @task
        def load():
            return f"{source['table']} for {source['keep_days']} days"

        load()
    return dag


for source in yaml.safe_load(CONFIGURATION.read_text()):
    globals()[f"ingest_{source['name']}"] = ingest(source)

"""The Dags of ``dags/sources.py`` as they were before: made in the loop itself, so that each loads the last source."""

from datetime import datetime
from pathlib import Path

import yaml
from airflow.sdk import DAG, task

CONFIGURATION = Path(__file__).parent.parent / "config" / "sources.yaml"

for source in yaml.safe_load(CONFIGURATION.read_text()):
    with DAG(f"early_{source['name']}", schedule=source["at"], start_date=datetime(2025, 1, 1), catchup=False) as dag:

        @task
        def load():
            return f"{source['table']} for {source['keep_days']} days"  # noqa: B023

        load()
    globals()[f"early_{source['name']}"] = dag

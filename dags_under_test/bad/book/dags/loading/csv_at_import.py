"""A whole CSV, read while the file is parsed

It was a list of forty shops. Today it is six megabytes, read by the Dag processor every thirty seconds and by each task before
it starts.
"""

# found by: top-level-io
import csv
from pathlib import Path

from airflow.sdk import DAG, task

FILE = Path(__file__).parents[2] / "data" / "orders.csv"

with open(FILE) as file:  # bug
    ORDERS = list(csv.DictReader(file))  # bug

with DAG("csv_at_import", schedule="@daily"):

    @task
    def load():
        return len(ORDERS)  # bug
        # mended: with open(FILE) as file:
        # mended:     return sum(1 for _ in csv.DictReader(file))

    load()

"""The day without files

A mapped task over an empty list is skipped, and so is what comes after it. On the first bank holiday no report is sent, and
the run is green.
"""

# found by: rehearsal
from airflow.sdk import DAG, task

with DAG("day_without_files", schedule="@daily"):

    @task
    def files(ds=None):
        return [] if ds == "2025-01-01" else [f"{ds}/a.csv", f"{ds}/b.csv"]

    @task
    def load(file):
        return 1

    @task  # bug
    # mended: @task(trigger_rule="none_failed")
    def report(loaded):  # shown
        return f"{sum(loaded)} files"  # shown

    report(load.expand(file=files()))  # shown

"""Today's date, written by a backfill

The month of January is run again in March, and all its thirty-one files are written over the one of today.
"""

# found by: wall-clock
from datetime import date

from airflow.sdk import DAG, task

with DAG("today_in_a_backfill", schedule="@daily"):

    @task  # shown
    def export(ds=None):  # shown
        day = date.today().isoformat()  # bug
        # mended: day = ds
        return f"out/orders-{day}.csv"  # shown

    export()

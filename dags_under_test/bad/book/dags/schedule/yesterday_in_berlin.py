"""Whose day is it?

The Dag runs at half past midnight in Berlin, and takes its day from a date in UTC: there it is still yesterday. Every file
has the name of the day before.
"""

# found by: rehearsal
import pendulum
from airflow.sdk import DAG, CronTriggerTimetable, task

BERLIN = CronTriggerTimetable("30 0 * * *", timezone="Europe/Berlin")  # shown

with DAG("yesterday_in_berlin", schedule=BERLIN, start_date=pendulum.datetime(2025, 1, 1, tz="Europe/Berlin")):

    @task  # shown
    def export(logical_date=None):  # shown
        day = logical_date.to_date_string()  # bug
        # mended: day = logical_date.in_timezone("Europe/Berlin").to_date_string()
        return f"orders-{day}.csv"  # shown

    export()

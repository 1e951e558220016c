import logging
import time
from datetime import date, datetime, timezone

from airflow.sdk import DAG, task

with DAG("file_of_the_day", schedule="@daily"):

    @task
    def export(ds):
        begun = datetime.now(timezone.utc)
        today = date.today().isoformat()
        started = time.time()
        logging.info("export on %s of %s", today, ds)
        print(f"begun on {begun:%Y-%m-%d}")
        with open(f"out/orders_{ds}.csv", "w") as file:
            file.write("1\n")
        with open(f"logs/export_{today}.log", "a") as log:
            log.write(f"{begun}: done on {today}\n")
        with open(f"out/tmp_{datetime.now().isoformat()}.csv", "w") as file:
            file.write("1\n")
        seconds = (datetime.now(timezone.utc) - begun).total_seconds()
        print(f"took {seconds} s, {time.time() - started:.1f} s")

    export()

with DAG("on_demand", schedule=None):

    @task
    def export_now():
        with open(f"out/orders_{date.today()}.csv", "w") as file:
            file.write("1\n")

    export_now()

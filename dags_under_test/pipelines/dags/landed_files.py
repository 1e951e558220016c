"""Whatever files have landed, each in an instance of its own; one that is broken does not stop the others."""

from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def landed_files():
    @task
    def list_files(ds=None):
        return S3Hook().list_keys("landing", prefix=f"{ds}/") or []

    @task(pool="etl")
    def rows(key):
        lines = S3Hook().read_key(key, "landing").splitlines()
        return sum(int(line.split(",")[1]) for line in lines[1:])

    @task(trigger_rule="all_done")
    def total(counts):
        return sum(counts)

    @task(trigger_rule="one_failed")
    def set_aside():
        return "somebody has to look"

    counted = rows.expand(key=list_files())
    total(counted)
    counted >> set_aside()


landed_files()

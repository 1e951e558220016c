"""A table handed on: as an XCom, which does not do well in a database, and as a file."""

from datetime import datetime

from airflow.sdk import dag, task

ROWS = 200_000


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def big_values():
    @task
    def extract():
        return [{"id": number, "name": f"customer {number} of the northern region"} for number in range(ROWS)]

    @task
    def count(rows):
        return len(rows)

    count(extract())


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def big_files():
    @task
    def extract(ds=None):
        import duckdb

        file = f"/tmp/customers-{ds}.parquet"
        made = f"select range as id, 'customer ' || range as name from range({ROWS})"
        duckdb.execute(f"copy ({made}) to '{file}'")
        return file

    @task
    def count(file):
        import duckdb

        return duckdb.execute(f"select count(*) from '{file}'").fetchone()[0]

    count(extract())


big_values()
big_files()

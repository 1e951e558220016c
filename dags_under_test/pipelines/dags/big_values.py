"""Letters handed on, 50 MB a day: as an XCom, which does not do well in a database, and as a file."""

from datetime import datetime
from pathlib import Path

from airflow.sdk import Variable, dag, task

LETTERS = 50_000


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def big_values():
    @task
    def extract(ti=None):
        letters = [{"id": number, "text": f"Dear customer {number}".ljust(1000, ".")} for number in range(LETTERS)]
        ti.xcom_push(key="letters", value=letters)

    @task
    def count(ti=None):
        return len(ti.xcom_pull(task_ids="extract", key="letters"))

    extract() >> count()


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def big_files():
    @task
    def extract(ti=None, ds=None):
        import duckdb

        file = Path(Variable.get("lake"), f"letters-{ds}.parquet")
        letters = f"select range as id, rpad('Dear customer ' || range, 1000, '.') as text from range({LETTERS})"
        duckdb.execute(f"copy ({letters}) to '{file}'")
        ti.xcom_push(key="letters", value=str(file))

    @task
    def count(ti=None):
        import duckdb

        file = ti.xcom_pull(task_ids="extract", key="letters")
        return duckdb.execute("select count(*) from read_parquet(?)", [file]).fetchone()[0]

    extract() >> count()


big_values()
big_files()

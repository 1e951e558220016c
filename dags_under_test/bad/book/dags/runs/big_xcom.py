"""A table as an XCom

Every row of it goes through the API server into Airflow's own database, every night. After a year the scheduler is slow, and
nobody knows why.
"""

# found by: rehearsal
# without one: run big_xcom --logical-date 2025-01-02
from airflow.sdk import DAG, task

with DAG("big_xcom", schedule="@daily"):

    @task
    def extract():
        rows = [{"id": number, "name": f"customer {number}"} for number in range(20_000)]  # shown
        return rows  # bug
        # mended: return len(rows)

    extract()

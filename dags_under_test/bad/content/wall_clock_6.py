# expect: wall-clock:10
import datetime as dt

from airflow.sdk import DAG, task

with DAG("pushed_day", schedule="0 3 * * 1"):

    @task
    def week(ti):
        first = dt.datetime.utcnow().replace(hour=0, minute=0, second=0)
        row = {"partition_date": first - dt.timedelta(weeks=1), "rows": 3}
        ti.xcom_push(key="row", value=row)

    week()

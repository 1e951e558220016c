import datetime as dt

from airflow.sdk import DAG, task

with DAG("pushed_instant", schedule="0 3 * * 1"):

    @task
    def week(ti, data_interval_end):
        row = {"partition_date": data_interval_end - dt.timedelta(weeks=1), "loaded_at": dt.datetime.utcnow()}
        ti.xcom_push(key="row", value=row)

    week()

"""The two Dags of ``dags/long_job.py`` with schedules of their own: the sensor looks for runs that there never are."""

from datetime import datetime

from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, task

BEGIN = datetime(2025, 1, 1)

with DAG("job_at_one", schedule="0 1 * * *", start_date=BEGIN, catchup=False):
    task(task_id="crunch")(lambda: None)()

with DAG("after_midnight", schedule="@daily", start_date=BEGIN, catchup=False):
    ExternalTaskSensor(
        task_id="done", external_dag_id="job_at_one", external_task_id="crunch", mode="reschedule", timeout=86_400
    )

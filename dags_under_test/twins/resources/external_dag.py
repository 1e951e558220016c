from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG

SINCE = datetime(2025, 1, 1, tzinfo=timezone.utc)

with DAG("nightly", schedule="0 2 * * *", start_date=SINCE, catchup=False):
    BashOperator(task_id="export", bash_command="true")

with DAG("triggered", schedule=None):
    BashOperator(task_id="work", bash_command="true")

with DAG("morning", schedule="0 6 * * *", start_date=SINCE, catchup=False):
    ways = {"mode": "reschedule", "timeout": 3600, "external_dag_id": "nightly"}
    early = ExternalTaskSensor(task_id="early", external_task_id="export", execution_delta=timedelta(hours=4), **ways)
    early >> TriggerDagRunOperator(task_id="then", trigger_dag_id="triggered")

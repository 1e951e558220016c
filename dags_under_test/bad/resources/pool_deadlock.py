# expect: pool-deadlock:15
from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG

SINCE = datetime(2025, 1, 1, tzinfo=timezone.utc)

with DAG("feeds", schedule="@daily", start_date=SINCE, catchup=False):
    BashOperator(task_id="feed", bash_command="true", pool="narrow")

for name in ("left", "right"):
    with DAG(f"eats_{name}", schedule="@daily", start_date=SINCE, catchup=False):
        ExternalTaskSensor(
            task_id="hungry", external_dag_id="feeds", external_task_id="feed", pool="narrow", timeout=3600
        )

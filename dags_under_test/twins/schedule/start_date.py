from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

FIRST = datetime.fromisoformat("2025-01-01T00:00:00+00:00")
PARSED_BY = datetime.now

with DAG("since_a_day", schedule="@daily", start_date=FIRST):
    EmptyOperator(task_id="daily")

with DAG("by_hand_since_today", schedule=None, start_date=datetime(2025, 1, 1)):
    EmptyOperator(task_id="manual")

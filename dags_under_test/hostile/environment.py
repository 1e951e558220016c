# verdict: process-pollution
# says: AIRFLOW__CORE__DEFAULT_TIMEZONE
"""Other settings for all."""

import os

os.environ["AIRFLOW__CORE__DEFAULT_TIMEZONE"] = "Mars/Base"

from airflow.sdk import DAG

with DAG("environment", schedule=None):
    pass

# verdict: process-pollution
# says: AIRFLOW_HOME
"""No settings for anybody."""

import os

os.environ.clear()

from airflow.sdk import DAG

with DAG("environment_cleared", schedule=None):
    pass

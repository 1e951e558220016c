import os

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PASSWORD = "changeme"
PASSWORD_FILE = "/run/secrets/warehouse"
WAREHOUSE = "postgresql://etl:***@warehouse.example/sales"
TEMPLATED = "postgresql://etl:{{ conn.warehouse.password }}@warehouse.example/sales"
TOKEN_URL = "https://login.example/oauth2/token"
SECRET_KEY = "airflow/connections/warehouse"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

with DAG("discreet", schedule=None):
    BashOperator(
        task_id="load",
        bash_command="./load.sh ",
        append_env=True,
        env={"API_TOKEN": "{{ conn.warehouse.password }}", "PASSWORD": os.environ.get("WAREHOUSE_PASSWORD", "")},
    )

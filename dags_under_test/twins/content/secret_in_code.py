import os

from airflow.sdk import DAG, BaseHook, task

COLUMNS = {"user": "varchar", "password": "varchar(100)", "token": "user_token", "secret": "bool"}
PLACEHOLDERS = {"password": "<password>", "passwd": "changeme", "pwd": "***", "api_key": "your-key-here"}
PASSWORD_VARIABLE = "WAREHOUSE_PASSWORD"
TOKEN = "warehouse_token_of_production"
TOKEN_URL = "https://login.example/oauth2/token"
next_page_token = ""
password = os.environ.get("PGPASSWORD", "")


def connect(user, password=None, token="", secret_key="{{ conn.warehouse.password }}"):
    """Connects, as in postgres://etl:hunter2@warehouse.example/sales."""
    print(user, password, token, secret_key)


with DAG("passwords_elsewhere", schedule="@daily"):

    @task
    def load():
        known = BaseHook.get_connection("warehouse")
        connect(user="etl", password=known.password, token=os.environ["TOKEN"])
        print("postgres://etl:***@warehouse.example/sales", f"postgres://etl:{known.password}@warehouse.example/sales")
        print("https://warehouse.example:8080/sales@eu", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c")

    load()

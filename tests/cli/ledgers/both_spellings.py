"""Five Dags of docs/, as Airflow 2 spells them and as Airflow 3 does."""

TWO = {
    "DAG": "from airflow.models import DAG",
    "task": "from airflow.decorators import task",
    "Python": "from airflow.operators.python import PythonOperator",
    "Bash": "from airflow.operators.bash import BashOperator",
    "Empty": "from airflow.operators.dummy import DummyOperator as EmptyOperator",
    "Asset": "from airflow.datasets import Dataset as Asset",
    "schedule": "schedule_interval",
}
THREE = {
    "DAG": "from airflow.sdk import DAG",
    "task": "from airflow.sdk import task",
    "Python": "from airflow.providers.standard.operators.python import PythonOperator",
    "Bash": "from airflow.providers.standard.operators.bash import BashOperator",
    "Empty": "from airflow.providers.standard.operators.empty import EmptyOperator",
    "Asset": "from airflow.sdk import Asset",
    "schedule": "schedule",
}
FILES = {
    "sales": """
{DAG}
{task}

with DAG("sales", {schedule}="@daily", start_date=datetime(2025, 1, 1), catchup=False):

    @task
    def extract(ds=None):
        return {{"rows": 3, "day": ds}}

    @task(retries=1, retry_delay=timedelta(minutes=5))
    def load(rows, ti=None):
        if ti.try_number == 1:
            raise ConnectionError("the warehouse is away")
        return 2 * rows["rows"]

    load(extract())
""",
    "takings": """
{DAG}
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

with DAG("takings", {schedule}="@daily", start_date=datetime(2025, 1, 1), catchup=False):
    make = SQLExecuteQueryOperator(
        task_id="make", conn_id="till", sql="create table if not exists takings (day text, euros int)"
    )
    make >> SQLExecuteQueryOperator(
        task_id="append", conn_id="till", sql="insert into takings values ('{{{{ ds }}}}', 100)"
    )
""",
    "shop": """
{DAG}
{Python}
{Bash}
{Empty}


def choose(ti, data_interval_end):
    ti.xcom_push("hour", data_interval_end.hour)
    return len("{{{{ ds }}}}")


with DAG("shop", {schedule}="0 6 * * *", start_date=datetime(2025, 1, 1), catchup=False, params={{"city": "Oslo"}}):
    first = PythonOperator(task_id="choose", python_callable=choose)
    told = BashOperator(task_id="tell", bash_command="echo {{{{ params.city }}}} {{{{ ds }}}} {{{{ run_id }}}}")
    first >> told >> EmptyOperator(task_id="done", trigger_rule="all_success")
""",
    "prices": """
{DAG}
{task}
{Asset}

with DAG("prices", {schedule}=timedelta(days=1), start_date=datetime(2025, 1, 1), catchup=False):

    @task
    def names():
        return ["apple", "pear"]

    @task(outlets=[Asset("prices")])
    def fetch(name, data_interval_start=None):
        return f"{{name}} of {{data_interval_start:%Y-%m-%d}}"

    @task(trigger_rule="all_done")
    def count(found):
        return len(list(found))

    count(fetch.expand(name=names()))
""",
    "orders": """
{DAG}
{task}
from airflow.exceptions import AirflowSkipException

with DAG("orders", {schedule}="0 2 * * *", start_date=datetime(2025, 1, 1), catchup=False):

    @task.branch
    def which(ds=None):
        return "even" if int(ds[-2:]) % 2 == 0 else "odd"

    @task
    def even():
        raise AirflowSkipException("nothing to do")

    @task
    def odd(ds=None):
        raise ValueError(f"no orders of {{ds}}")

    which() >> [even(), odd()]
""",
}
HEAD = "from datetime import datetime, timedelta\n"


def spelt(words):
    """The five files, by name."""
    return {f"dags/{name}.py": HEAD + text.format(**words) for name, text in FILES.items()}

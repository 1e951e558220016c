import json

import pytest

from tests.cli.project import Project

DAG = """
from datetime import datetime, timedelta
from airflow.sdk import Variable, dag, task

@dag(start_date=datetime(2025, 1, 1), schedule="@daily", catchup=False)
def sales():
    @task(retries=1, retry_delay=timedelta(minutes=5), pool="etl")
    def extract(ti=None):
        print("reads the feed")
        if ti.try_number == 1:
            raise ConnectionError("feed is down")
        return [1, 2, 3]

    @task
    def load(rows, ds=None):
        Variable.set("loaded", ds)
        if ds == "2025-01-02":
            raise ValueError("no such table")
        return {"rows": len(rows)}

    load(extract())

sales()
"""
WORLD = "pools: {etl: 2}\ndurations: {sales.extract: 10m}\n"


@pytest.fixture(scope="package")
def shop(tmp_path_factory):
    """A project whose calendar of three days was simulated into ``january``."""
    project = Project(tmp_path_factory.mktemp("shop"))
    project.write("dags/sales.py", DAG)
    project.write("fixtures/world.yaml", WORLD)
    answer = project("simulate", "--since", "2025-01-01", "--until", "2d", "--keep", "january")
    assert answer.code == 1, answer.err
    return project


@pytest.fixture(scope="package")
def ask(shop):
    """What a question to ``january`` is answered with, as a list of dicts."""

    def asked(question):
        answer = shop("sql", "january", "--format", "json", question)
        assert answer.code == 0, answer.err
        return json.loads(answer.out)

    return asked

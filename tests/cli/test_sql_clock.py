"""SQL's clock in commands: the run's, or a note that it is real."""

import json
import sys

import pytest

pytestmark = [pytest.mark.gate, pytest.mark.skipif(sys.platform != "linux", reason="libfaketime is for Linux")]

DAG = """
import time

from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import DAG, task

with DAG("asks", schedule="@daily", start_date=__import__("datetime").datetime(2005, 1, 1)):

    @task
    def days():
        hook = PostgresHook("warehouse")
        before = hook.get_first("select current_date::text")[0]
        time.sleep(86400)
        return [before, hook.get_first("select current_date::text")[0]]

    days()
"""
NOTE = "the clock of postgres is real, also in virtual time: AIRFLOW_HARNESS_POSTGRES_CLOCK=real"


@pytest.fixture(scope="module")
def asking(project):
    project.write("dags/asks.py", DAG)
    project.write("world.yaml", "connections:\n  warehouse: {service: postgres}\n  archive: {service: postgres}\n")
    project.write("pyproject.toml", '[tool.airflow-harness]\nworld = "world.yaml"\n')
    return project


def test_a_run_has_its_own_time_in_sql(asking):
    answer = asking("run", "asks", "--logical-date", "2005-01-05", "--json")
    assert answer.code == 0, answer.out + answer.err
    (task,) = json.loads(answer.out)["task_instances"]
    assert task["xcoms"]["return_value"] == ["2005-01-05", "2005-01-06"]
    assert "the clock of" not in answer.err


@pytest.mark.parametrize(
    "command", [("run", "asks", "--logical-date", "2005-01-05"), ("simulate", "--since", "2005-01-05", "--until", "1d")]
)
def test_a_real_clock_is_told_once(asking, command):
    answer = asking(*command, AIRFLOW_HARNESS_POSTGRES_CLOCK="real")
    assert answer.code == 0, answer.out + answer.err
    assert (answer.out + answer.err).count(NOTE) == 1

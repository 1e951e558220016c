"""Former names of options work for one more release, and say how they are called now."""

import json

import pytest

DAG = """
from datetime import datetime

from airflow.sdk import DAG, task

with DAG("two", schedule="@hourly", start_date=datetime(2025, 1, 1)):

    @task
    def first(dag_run=None):
        return dag_run.conf.get("city")

    @task
    def second(value):
        return value

    second(first())
"""


@pytest.fixture(scope="module")
def two(project):
    project.write("dags/two.py", DAG)
    return project


def test_from_of_run_is_from_task_now(two):
    told = two("run", "two", "--from", "second", "--json")
    assert told.code == 0, told.err
    assert "note: --from is called --from-task now" in told.err
    assert [one["task_id"] for one in json.loads(told.out)["task_instances"]] == ["second"]
    both = two("run", "two", "--from", "second", "--from-task", "first")
    assert both.code == 2
    assert "--from and --from-task are the same option" in both.err
    assert "--from " not in two("run", "--help").out.replace("--from-task", "")


def test_a_setting_with_an_underscore_is_named(two):
    two.write("pyproject.toml", "[tool.airflow-harness]\npytest_checks = false\n")
    told = two("run", "two", "--json")
    assert told.code == 0
    assert "pyproject.toml:2: 'pytest_checks' of [tool.airflow-harness] is spelt 'pytest-checks' now" in told.err


def test_simulate_gives_a_conf_to_the_runs_of_schedules(two):
    arguments = ("simulate", "--since", "2025-01-02", "--until", "2h", "--json", "--conf")
    told = two(*arguments, '{"city": "Oslo"}')
    assert told.code == 0, told.err
    runs = json.loads(told.out)["runs"]
    assert len(runs) >= 2
    assert {ti["xcoms"]["return_value"] for run in runs for ti in run["task_instances"]} == {"Oslo"}
    wrong = two(*arguments, "[1]")
    assert wrong.code == 2
    assert "usage: --conf must be a JSON object" in wrong.err

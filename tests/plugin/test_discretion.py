"""Secrets of the world stay out of what pytest shows and writes."""

from __future__ import annotations

import base64

from tests.plugin.conftest import Project

DAG = """
import base64
from airflow.sdk import DAG, BaseHook, Variable, task


def shout(context):
    raise ValueError("callback " + Variable.get("api_key"))


with DAG("leaks", schedule=None):

    @task(on_success_callback=shout)
    def one():
        connection = BaseHook.get_connection("api")
        header = base64.b64encode(f"{connection.login}:{connection.password}".encode()).decode()
        print("header", header)
        return [Variable.get("api_key"), connection.password, header]

    one()
"""
WORLD = "variables: {api_key: k3y-canary}\nconnections: {api: {uri: 'http://u:p4ss-canary@h.example'}}\n"
TEST = """
import pytest


def test_values(run_dag, world, record_property):
    result = run_dag("leaks", keep="ledger")
    record_property("answer", str(result.task("one").xcom()))
    key, password, header = result.task("one").xcom()
    print("printed", key)
    assert result.task("one").xcom() == [1, 2]


def test_error(run_dag, world):
    password = run_dag("leaks").task("one").xcom()[1]
    raise RuntimeError(f"no answer for {password}")


def test_of_its_own(run_dag, world):
    world.set_variable("service_token", "t0ken-canary")
    assert world.variables["service_token"] == "x"


@pytest.fixture
def broken(world):
    raise RuntimeError(world.variables["api_key"])


def test_fixture(broken):
    pass


def test_state(run_dag):
    assert run_dag("leaks").state == "failed"
"""


def test_reports_hold_no_secret(project: Project):
    project.write(dags__leaks=DAG, fixtures__world_yaml=WORLD, test_it=TEST)
    result = project.pytest("-l", "--junitxml=junit.xml", "-o", "junit_logging=all", "-vv", "-rA")
    result.assert_outcomes(failed=4, errors=1)
    ledger = (project.pytester.path / "ledger" / "journal.jsonl").read_text()
    shown = result.stdout.str() + (project.pytester.path / "junit.xml").read_text() + ledger
    assert "callback ***" in ledger
    assert "no answer for ***" in shown
    assert "canary" not in shown, [line for line in shown.splitlines() if "canary" in line]
    assert base64.b64encode(b"u:p4ss-canary").decode() not in shown

"""SQL's clock in tests: the run's, in each worker of xdist its own."""

from __future__ import annotations

import sys

import pytest

from tests.plugin.conftest import Project

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(sys.platform != "linux", reason="libfaketime is for Linux"),
]

DAG = """
import time

from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import DAG, task

with DAG("loads", schedule=None):

    @task
    def load():
        hook = PostgresHook("warehouse")
        hook.run("create table if not exists loads (at timestamptz default now(), day date default current_date)")
        hook.run("insert into loads default values")
        time.sleep(36 * 3600)
        hook.run("insert into loads default values")

    load()
"""

TESTS = """
import os
from datetime import datetime, timedelta, timezone

import pytest

SLACK = timedelta(seconds=20)


@pytest.mark.parametrize("year", range(2021, 2029))
def test_sql_tells_the_runs_time(postgres, run_dag, year):
    assert run_dag("loads", f"{year}-01-01T05:30Z", manual=True, start=f"{year}-01-01T05:30Z").state == "success"
    start = datetime(year, 1, 1, 5, 30, tzinfo=timezone.utc)
    (first, day), (second, next_day) = postgres.execute("select at, day::text from loads order by at")
    assert timedelta(0) <= first - start < SLACK
    assert timedelta(0) <= second - start - timedelta(hours=36) < SLACK
    assert (day, next_day) == (f"{year}-01-01", f"{year}-01-02")
    ((now,),) = postgres.execute("select now()")
    assert abs(now - datetime.now(timezone.utc)) < SLACK
    with open(os.environ["PORTS"], "a") as ports:
        ports.write(f"{postgres.port} {os.getpid()}\\n")


def test_also_where_the_connection_names_no_service(postgres, run_dag, world):
    world.set_connection("warehouse", uri=postgres.uri)
    run_dag("loads", "2025-01-01T05:30Z", manual=True, start="2025-01-01T05:30Z")
    assert postgres.execute("select min(day)::text from loads") == [("2025-01-01",)]
"""

DAY = """
def test_the_clock_is_real(postgres, run_dag):
    assert run_dag("loads", "2005-01-01T05:30Z", manual=True, start="2005-01-01T05:30Z").state == "success"
    assert postgres.execute("select count(*) from loads where day > '2020-01-01'") == [(2,)]
"""


@pytest.fixture
def loads(bare: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PORTS", str(bare.pytester.path / "ports"))
    bare.write(
        dags__loads=DAG,
        fixtures__world_yaml="connections:\n  warehouse: {service: postgres}\n",
        pyproject_toml='[tool.airflow-harness]\nworld = "fixtures/world.yaml"\n',
        test_it=TESTS,
    )
    return bare


@pytest.mark.parametrize("workers", [0, 2])
def test_sql_tells_the_runs_time_in_every_worker(loads: Project, workers: int):
    result = loads.pytest("-n", str(workers))
    result.assert_outcomes(passed=9)
    assert "is real" not in result.stdout.str()
    used = {tuple(line.split()) for line in (loads.pytester.path / "ports").read_text().splitlines()}
    assert len(used) == len({port for port, _ in used}) == len({pid for _, pid in used}) == max(workers, 1)
    assert loads.left_behind() == []


def test_a_clock_that_is_real_is_told_once(loads: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIRFLOW_HARNESS_POSTGRES_CLOCK", "real")
    loads.write(test_it=DAY + DAY.replace("is_real", "is_still_real"))
    result = loads.pytest()
    result.assert_outcomes(passed=2)
    note = "note: the clock of postgres is real, also in virtual time: AIRFLOW_HARNESS_POSTGRES_CLOCK=real"
    assert result.stdout.str().count(note) == 1

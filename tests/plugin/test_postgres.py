"""``postgres``: a database a test, one server a run, started only when asked for, gone afterwards."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from harness.project.scratch import PREFIX
from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

DAG = '''
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

with DAG("writes", schedule=None):
    SQLExecuteQueryOperator(task_id="write", conn_id="warehouse", sql="""
        create table if not exists rows (at text); insert into rows values ('{{ run_id }}');
        select pg_sleep(0.2);
    """)
'''

BOTH = """
from airflow.sdk import DAG, BaseHook, task

with DAG("both", schedule=None):

    @task
    def names():
        return [BaseHook.get_connection(name).schema for name in ("warehouse", "archive")]

    names()
"""

TESTS = """
import os

import psycopg2
import pytest

SEEN = set()


@pytest.mark.parametrize("turn", range(4))
def test_a_database_of_its_own(postgres, run_dag, turn):
    assert postgres.execute("select count(*) from pg_tables where tablename = 'rows'") == [(0,)]
    assert run_dag("writes").state == "success"
    assert run_dag("writes", "2025-02-02").state == "success"
    connection = postgres.connect()
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from rows")
        assert cursor.fetchone() == (2,)
    with psycopg2.connect(postgres.uri) as other, other.cursor() as cursor:
        cursor.execute("select current_database()")
        assert cursor.fetchone() == (postgres.dbname,)
    assert (postgres.host, type(postgres.port)) == ("127.0.0.1", int)
    with open(os.environ["PORTS"], "a") as ports:
        ports.write(f"{postgres.port} {os.getpid()} {postgres.dbname}\\n")


def test_only_the_world_asks(run_dag, world):
    world.set_connection("other", service="postgres")
    assert run_dag("writes").state == "success"
    assert world.connections["warehouse"].service == "postgres"


def test_each_connection_has_its_own(postgres, run_dag, world):
    world.set_connection("archive", service="postgres")
    assert run_dag("both").task("names").xcom() == [postgres.of(name).dbname for name in ("warehouse", "archive")]
    assert postgres.of("warehouse").dbname == postgres.dbname != postgres.of("archive").dbname
    assert postgres.of("archive").execute("select current_database()") == [(postgres.of("archive").dbname,)]
    first = run_dag("both").task("names").xcom()
    assert first == run_dag("both").task("names").xcom()


def test_the_result_tells_what_became_of_the_tables(run_dag, simulate, world):
    (use,) = run_dag("writes").services
    assert (use.conn_id, use.service, [str(change) for change in use.changes]) == (
        "warehouse", "postgres", ["table rows: 1 row added"]
    )
    (again,) = run_dag("writes", "2025-02-02").services
    assert again.changes == use.changes
    assert [str(change) for use in simulate("2025-01-01", "2d", dags=["both"]).services for change in use.changes] == []


def test_a_service_that_there_is_not(run_dag, world):
    world.set_connection("other", service="postgers")
    with pytest.raises(Exception, match="connection 'other': there is no service 'postgers'"):
        run_dag("writes")


def test_in_frozen_time(postgres, frozen_time, run_dag):
    frozen_time.move_to("2030-01-01")
    assert run_dag("writes").state == "success"
    assert postgres.execute("select 1") == [(1,)]
"""


@pytest.fixture
def warehouse(bare: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PORTS", str(bare.pytester.path / "ports"))
    bare.write(
        dags__writes=DAG,
        dags__both=BOTH,
        fixtures__world_yaml="connections:\n  warehouse: {service: postgres}\n",
        pyproject_toml='[tool.airflow-harness]\nworld = "fixtures/world.yaml"\n',
        test_it=TESTS,
    )
    return bare


def ports(project: Project) -> list[list[str]]:
    return [line.split() for line in (project.pytester.path / "ports").read_text().splitlines()]


def left_by_the_server(project: Project) -> list[str]:
    """What is left when the reaper has had its second, but for Airflow's empty home."""
    deadline = time.monotonic() + 10
    while True:
        left = [name for name in project.left_behind() if not name.startswith(f"{PREFIX}home-")]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def test_one_process(warehouse: Project):
    warehouse.pytest().assert_outcomes(passed=9)
    assert len({port for port, _, _ in ports(warehouse)}) == 1
    assert warehouse.left_behind() == []


def test_workers_share_one_server_whose_clock_is_real(warehouse: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIRFLOW_HARNESS_POSTGRES_CLOCK", "real")
    result = warehouse.pytest("-n", "2")
    result.assert_outcomes(passed=9)
    assert result.stdout.str().count("note: the clock of postgres is real, also in virtual time: ") == 1
    assert len({port for port, _, _ in ports(warehouse)}) == 1
    assert len({pid for _, pid, _ in ports(warehouse)}) == 2
    assert warehouse.left_behind() == []


@pytest.mark.parametrize("clock", ["virtual", "real"])  # the worker has the server, or the controller
def test_a_controller_that_is_killed_leaves_no_server(warehouse: Project, monkeypatch: pytest.MonkeyPatch, clock: str):
    monkeypatch.setenv("AIRFLOW_HARNESS_POSTGRES_CLOCK", clock)
    warehouse.write(
        test_it="""
import os, signal

def test_it(postgres):
    os.kill(os.getppid(), signal.SIGKILL)
    postgres.execute("select pg_sleep(3)")
"""
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "1"]
    assert subprocess.run(command, cwd=warehouse.pytester.path, capture_output=True).returncode == -9
    assert left_by_the_server(warehouse) == []


def test_a_server_that_cannot_start_says_so(warehouse: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIRFLOW_HARNESS_POSTGRES_URL", "postgresql://nobody:x@127.0.0.1:1/none")
    result = warehouse.pytest("-n", "1", "-k", "only_the_world")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*service-unavailable:*"])
    assert warehouse.left_behind() == []

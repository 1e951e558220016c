"""``world.mysql``: Airflow's operators and hook, an event in the midst of a run, SQL on virtual time, what changed."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.mariadb

DAG = """
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.common.sql.sensors.sql import SqlSensor
from airflow.providers.mysql.hooks.mysql import MySqlHook
from airflow.sdk import DAG, task

with DAG("sales", schedule=None):
    wait = SqlSensor(
        task_id="wait", conn_id="mysql_default", sql="select 1 from orders where day = '{{ ds }}'", poke_interval=600
    )
    copied = SQLExecuteQueryOperator(
        task_id="copy", conn_id="mysql_default", sql="insert into sales (n) select n from orders where day = '{{ ds }}'"
    )

    @task
    def seen():
        hook = MySqlHook()
        hook.insert_rows("sales", [(7,)], target_fields=["n"])
        return [str(day) for (day,) in hook.get_records("select distinct date(at) from sales")]

    wait >> copied >> seen()
"""

WORLD = """
connections:
  mysql_default: {service: mysql, seed: [fixtures/tables.sql, fixtures/orders.csv]}
events:
  - {at: +26h, mysql: {sql: "insert into orders values ('2025-02-03', 5)"}}
"""

TESTS = """
import pytest


@pytest.mark.parametrize("turn", range(2))
def test_rows(run_dag, world, turn):
    result = run_dag("sales", "2025-02-03", start="2025-02-03")
    assert result.ok
    assert result.task("seen").xcom() == ["2025-02-04"]
    assert world.mysql.rows("select n from sales order by n") == [(5,), (7,)]
    (use,) = result.services
    assert [str(change) for change in use.changes] == ["table orders: 1 row added", "table sales: 2 rows added"]


def test_a_server_that_is_down_for_a_while(run_dag, world):
    world.fault("down", connection="mysql_default", at="+1h", lasts="24h")
    result = run_dag("sales", "2025-02-03", start="2025-02-03")
    assert result.task("wait").state == "failed"
"""


@pytest.fixture
def sales(bare: Project) -> Project:
    bare.write(dags__sales=DAG, fixtures__world_yaml=WORLD, test_it=TESTS)
    fixtures = bare.pytester.path / "fixtures"
    (fixtures / "tables.sql").write_text(
        "create table orders (day date, n int);\n"
        "create table sales (id int primary key auto_increment, n int, at datetime default current_timestamp);\n"
    )
    (fixtures / "orders.csv").write_text("day,n\n2025-02-02,1\n")
    return bare


def test_a_dag_waits_for_what_somebody_else_writes(sales: Project):
    sales.pytest("-n", "2").assert_outcomes(passed=3)
    assert sales.left_behind() == []


def test_a_real_clock_is_told_once(sales: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIRFLOW_HARNESS_MYSQL_CLOCK", "real")
    result = sales.pytest("-k", "down")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*note: the clock of mysql is real, also in virtual time: AIRFLOW_HARNESS_MYSQL_CLOCK=real"]
    )

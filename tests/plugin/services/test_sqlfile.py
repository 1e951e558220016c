"""``world.sqlite`` and ``world.duckdb``: what Airflow's SQL operators and hooks do in a warehouse that is a file."""

from __future__ import annotations

import sys

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

DAG = """
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.common.sql.sensors.sql import SqlSensor
from airflow.sdk import DAG

with DAG("sales", schedule=None):
    made = SQLExecuteQueryOperator(
        task_id="make",
        conn_id="warehouse",
        sql=["insert into sales values ('{{ ds }}', 3)", "select count(*) from sales"],
    )
    made >> SqlSensor(task_id="wait", conn_id="warehouse", sql="select n from sales where day = '{{ ds }}'")
"""

TESTS = """
import pytest


@pytest.mark.parametrize("turn", range(2))
def test_rows(run_dag, world, turn):
    warehouse = world.NAME("warehouse")
    result = run_dag("sales", "2025-02-03")
    assert result.ok
    assert result.task("make").xcom()[-1] == [(1,)]
    assert warehouse.rows("select day, n from sales") == [("2025-02-03", 3)]
    (use,) = result.services
    assert [str(change) for change in use.changes] == ["table sales: 1 row added"]
"""


# The provider of DuckDB is for Python 3.11 and newer.
NAMES = ["sqlite", "duckdb"] if sys.version_info >= (3, 11) else ["sqlite"]


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_writes_and_waits(bare: Project, name: str):
    bare.write(
        dags__sales=DAG,
        fixtures__world_yaml=f"connections:\n  warehouse: {{service: {name}, seed: fixtures/tables.sql}}\n",
        test_it=TESTS.replace("NAME", name),
    )
    (bare.pytester.path / "fixtures" / "tables.sql").write_text("create table sales (day text, n int);")
    result = bare.pytest("-n", "2")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"airflow-harness: note: the clock of {name} is real, also in virtual time: *"])
    assert bare.left_behind() == []

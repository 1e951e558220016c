"""SQLite and DuckDB as warehouses: a file for each connection, filled from seeds, and what changed in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ServiceUnavailable, WorldError
from harness.services.base import Service
from harness.services.registry import service_class

SQL = """create table orders (id integer primary key, item text); -- a comment; with a semicolon
create table log (line text);
insert into log values ('a; b'); insert into log values ('a; b');
"""


@pytest.fixture(params=["sqlite", "duckdb"])
def service(request: pytest.FixtureRequest, tmp_path: Path, area: Path) -> Iterator[Service]:
    made = service_class(request.param)("embedded")
    made.start()
    yield made
    made.close()
    made.close()
    assert list(area.iterdir()) == []


def lease(service: Service, seeds: Any = (), holder: str = "test") -> Any:
    return service.lease(holder, "warehouse", service.options(seed=list(seeds)))


def test_each_lease_has_a_file_of_its_own(service: Service) -> None:
    one, two = lease(service), lease(service)
    one.execute("create table t (n int)")
    one.execute("insert into t values (?)", [1])
    assert one.rows("select n from t") == [(1,)]
    with pytest.raises(Exception, match="t"):
        two.rows("select n from t")
    path = one.path
    assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0
    one.end()
    one.end()
    assert not path.exists()
    assert two.path.exists()


def test_seeds_are_applied_once_and_copied(service: Service, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(SQL)
    (tmp_path / "orders.csv").write_text("item,id\npear,1\n,2\n")
    one, two = (lease(service, [str(tmp_path)]) for _ in range(2))
    one.execute("delete from orders")
    assert two.rows("select id, item from orders order by 1") == [(1, "pear"), (2, None)]
    assert two.rows("select line from log") == [("a; b",)] * 2
    assert one.rows("select count(*) from orders") == [(0,)]


def test_what_changed(service: Service, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(SQL + "insert into orders values (1, 'pear'), (2, 'plum')")
    warehouse = lease(service, [str(tmp_path)])
    before = warehouse.snapshot()
    assert before.changes_to(warehouse.snapshot()) == []
    warehouse.execute("update orders set item = 'fig' where id = 1")
    warehouse.execute("delete from orders where id = 2")
    warehouse.execute("insert into log values ('a; b')")
    warehouse.execute('create table "A table" (n int)')
    assert [str(change) for change in before.changes_to(warehouse.snapshot())] == [
        "table A table: made or dropped, empty",
        "table log: 1 row added",
        "table orders: 1 row removed, 1 row changed",
    ]


def test_what_is_kept_of_it(service: Service) -> None:
    warehouse = lease(service)
    warehouse.execute("create table t (id int, amount numeric(10, 2), note text, raw blob, primary key (id))")
    warehouse.execute("insert into t values (1, 1.5, 'a\"\nb', null), (2, null, 'ü', cast('x' as blob))")
    warehouse.execute("create table log (line text)")
    parts = {part.name: (part.columns, part.keys, [json.loads(row) for row in part.rows]) for part in warehouse.held()}
    assert parts["log"] == (("line",), (), [])
    columns, keys, rows = parts["t"]
    assert (columns, keys) == (("id", "amount", "note", "raw"), ("id",))
    assert rows == [
        {"id": 1, "amount": 1.5, "note": 'a"\nb', "raw": None},
        {"id": 2, "amount": None, "note": "ü", "raw": "\\x78"},
    ]


def test_a_seed_that_is_refused_names_file_and_line(service: Service, tmp_path: Path) -> None:
    seed = tmp_path / "a.sql"
    seed.write_text("create table t (n int);\n\ninsert into\n  nowhere values (1);\n")
    with pytest.raises(
        WorldError, match=f"connection 'warehouse': {service.named} refuses a seed: .*nowhere"
    ) as caught:
        lease(service, [str(seed)])
    assert caught.value.where == f"{seed}:3"
    (tmp_path / "none.csv").write_text("n\n1\n")
    with pytest.raises(WorldError, match=r"refuses a seed: .*none"):
        lease(service, [str(tmp_path / "none.csv")])


def test_a_connection_that_a_test_left_open_goes_with_the_lease(service: Service) -> None:
    warehouse = lease(service)
    connection = warehouse.connect()
    connection.execute("create table t (n int)")
    assert warehouse.snapshot().parts == {"t": {}}
    warehouse.end()
    with pytest.raises(Exception, match="closed"):
        connection.execute("select 1")


def test_its_clock_is_real_and_that_is_told(service: Service) -> None:
    assert service.why_clock_is_real("embedded") == f"{service.named} asks the machine for it"


def test_without_duckdb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.services.installed.find_spec", lambda module: None)
    with pytest.raises(ServiceUnavailable, match="DuckDB needs duckdb, which is not installed") as caught:
        service_class("duckdb")("embedded").start()
    assert caught.value.fix == 'pip install "airflow-harness[duckdb]"'

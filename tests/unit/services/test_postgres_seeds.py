"""What a database holds before the first task, and what became of it: seeds and snapshots of the service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import WorldError
from harness.services.binding import Leases, Services
from harness.services.postgres.lease import PostgresLease
from harness.world import World

SQL = "create table city (id int primary key, name text);\ncreate schema raw; create table raw.log (line text);\n"


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    services = Services()
    yield services
    services.close()


@pytest.fixture
def leases(services: Services) -> Iterator[Leases]:
    leases = Leases(services, "seeds")
    yield leases
    leases.end()


def _lease(leases: Leases, conn_id: str, seed: object) -> PostgresLease:
    world = World()
    world.set_connection(conn_id, service="postgres", seed=seed)
    lease = leases.lease(conn_id, world)
    assert isinstance(lease, PostgresLease)
    return lease


def test_sql_and_csv_fill_a_database_and_each_lease_has_its_own_copy(leases: Leases, tmp_path: Path) -> None:
    (tmp_path / "tables.sql").write_text(SQL)
    (tmp_path / "city.csv").write_text('id,name\n1,Köln\n2,"Halle, Saale"\n')
    (tmp_path / "raw.log.csv").write_text("line\nx\n")
    one, other = _lease(leases, "one", str(tmp_path)), _lease(leases, "other", str(tmp_path))
    assert one.rows("select name from city order by id") == [("Köln",), ("Halle, Saale",)]
    one.execute("delete from city")
    assert other.rows("select count(*) from city, raw.log") == [(2,)]
    assert len(leases.services._open) == 1


def test_an_edited_seed_is_applied_anew(leases: Leases, tmp_path: Path) -> None:
    seed = tmp_path / "a.sql"
    seed.write_text("create table t as select 1 as n")
    assert _lease(leases, "before", str(seed)).rows("select n from t") == [(1,)]
    seed.write_text("create table t as select 2 as n")
    assert _lease(leases, "after", [str(seed)]).rows("select n from t") == [(2,)]


@pytest.mark.parametrize(
    ("name", "text", "line", "fact"),
    [
        ("a.sql", "create table t (n int);\n\ninsert into t values (1);\nselect nothing from t;\n", 4, "nothing"),
        ("a.sql", "select 1;\nselct 2;", 2, "syntax error"),
        ("gone.csv", "a\n1\n", 1, 'relation "gone" does not exist'),
    ],
)
def test_a_seed_that_postgres_refuses_is_told_by_file_and_line(
    leases: Leases, tmp_path: Path, name: str, text: str, line: int, fact: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(WorldError, match=f"connection 'c': PostgreSQL refuses a seed: .*{fact}") as caught:
        _lease(leases, "c", str(file))
    assert caught.value.where == f"{file}:{line}"


def test_the_row_of_a_csv_that_does_not_fit(leases: Leases, tmp_path: Path) -> None:
    (tmp_path / "t.sql").write_text("create table city (id int)")
    (tmp_path / "city.csv").write_text("id\n1\nmany\n")
    with pytest.raises(WorldError, match="invalid input syntax for type integer") as caught:
        _lease(leases, "c", str(tmp_path))
    assert caught.value.where == f"{tmp_path / 'city.csv'}:3"


@pytest.mark.parametrize(("seed", "fact"), [("none.sql", "does not exist"), ("a.txt", "is no .sql and no .csv file")])
def test_a_seed_that_there_is_not(leases: Leases, tmp_path: Path, seed: str, fact: str) -> None:
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(WorldError, match=fact):
        _lease(leases, "c", str(tmp_path / seed))


def test_what_is_kept_of_the_tables(leases: Leases, tmp_path: Path) -> None:
    (tmp_path / "t.sql").write_text(
        "create schema raw; create table raw.log (line text); insert into raw.log values ('x'), ('x');"
    )
    lease = _lease(leases, "c", str(tmp_path))
    lease.execute("create table sums (day date, shop int, amount numeric, at timestamptz, primary key (shop, day))")
    lease.execute("insert into sums values ('2025-01-01', 7, 0.1000000000000000000001, '2025-01-01 00:00+02')")
    parts = {part.name: (part.columns, part.keys, list(part.rows)) for part in lease.held()}
    row = '{"day":"2025-01-01","shop":7,"amount":0.1000000000000000000001,"at":"2024-12-31T22:00:00+00:00"}'
    assert parts["sums"] == (("day", "shop", "amount", "at"), ("shop", "day"), [row])
    assert parts["raw.log"] == (("line",), (), ['{"line":"x"}'] * 2)


def test_what_changed_in_the_tables(leases: Leases, tmp_path: Path) -> None:
    (tmp_path / "t.sql").write_text(
        SQL + "insert into city values (1, 'a'), (2, 'b'); insert into raw.log values ('x');"
    )
    lease = _lease(leases, "c", str(tmp_path))
    before = lease.snapshot()
    lease.execute("update city set name = 'c' where id = 1")
    lease.execute("delete from city where id = 2")
    lease.execute("insert into raw.log values ('x'), ('y')")
    lease.execute("create table empty_one (n int)")
    assert [str(change) for change in before.changes_to(lease.snapshot())] == [
        "table city: 1 row removed, 1 row changed",
        "table empty_one: made or dropped, empty",
        "table raw.log: 2 rows added",
    ]
    assert before.changes_to(before) == []

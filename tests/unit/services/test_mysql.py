"""MySQL: databases for leases, seeds, what changed, the run's time in SQL, and the drivers alike."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psutil
import pymysql
import pytest
from processes import processes_in

from harness.errors import ServiceUnavailable, UsageError, WorldError
from harness.kernel.clock import WallClock, follow, follow_no_more, wall_clock
from harness.kernel.instant import SECOND, to_instant
from harness.services.base import Service
from harness.services.mysql import address, embedded
from harness.services.mysql.address import CLOCK_VARIABLE, URL_VARIABLE
from harness.services.mysql.lease import MysqlLease
from harness.services.mysql.script import statements
from harness.services.mysql.service import MysqlService
from harness.services.sql.options import SqlOptions, SqlRuns

IMAGE = "airflow-harness-test/mysql"
mariadb = pytest.mark.mariadb
DRIVERS = [
    pytest.param("embedded", marks=mariadb),
    pytest.param("external", marks=mariadb),
    pytest.param(f"container:{IMAGE}", marks=pytest.mark.containers),
]
SQL = """
create table city (id int primary key, name varchar(40));
create table log (line text);
"""


@pytest.fixture(scope="module")
def served() -> Iterator[MysqlService]:
    """One server for the tests that only use it."""
    service = MysqlService("embedded")
    service.start()
    yield service
    service.close()


@pytest.fixture(params=DRIVERS, scope="module")
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """By each driver; the server of ``external`` is an embedded one, which that driver cannot tell from another."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "external":
            admin = request.getfixturevalue("served")._databases._admin
            patch.setenv(URL_VARIABLE, f"mysql://{admin.user}:{admin.password}@{admin.host}:{admin.port}")
        made = MysqlService(request.param)
        made.start()
        made.start()
        yield made
        made.close()
        made.close()


def leased(service: Service, *seed: Path, conn_id: str = "warehouse") -> MysqlLease:
    lease = service.lease("test", conn_id, SqlOptions(seed=[str(file) for file in seed]))
    assert isinstance(lease, MysqlLease)
    return lease


@pytest.fixture
def warehouse(service: Service, tmp_path: Path) -> Iterator[MysqlLease]:
    (tmp_path / "tables.sql").write_text(SQL)
    lease = leased(service, tmp_path / "tables.sql")
    yield lease
    lease.end()
    lease.end()


def test_each_lease_has_a_database_that_goes_with_it(service: Service, warehouse: MysqlLease) -> None:
    other = leased(service)
    assert other.dbname != warehouse.dbname
    assert other.rows("show tables") == []
    other.end()
    assert (other.dbname,) not in warehouse.rows("show databases")


def test_what_changed_in_the_tables(warehouse: MysqlLease) -> None:
    warehouse.execute("insert into city values (1, 'Köln'), (2, 'Halle')")
    warehouse.execute("insert into log values (%s), ('100 %%')", ["x"])
    before = warehouse.snapshot()
    assert before.changes_to(warehouse.snapshot()) == []
    warehouse.execute("update city set name = 'Bonn' where id = 1")
    warehouse.execute("delete from city where id = 2")
    warehouse.execute("insert into log values ('x'), ('100 %')")
    warehouse.execute("create view cities as select * from city")
    assert [str(change) for change in before.changes_to(warehouse.snapshot())] == [
        "table city: 1 row removed, 1 row changed",
        "table log: 2 rows added",
    ]


def test_what_is_kept_of_the_tables(warehouse: MysqlLease) -> None:
    warehouse.execute("insert into city values (1, 'Köln')")
    parts = {part.name: (part.columns, part.keys, list(part.rows)) for part in warehouse.held()}
    assert parts["city"] == (("id", "name"), ("id",), ['{"id": 1, "name": "Köln"}'])


def test_one_who_reads_and_does_not_commit_holds_up_neither_snapshot_nor_end(service: Service) -> None:
    lease = leased(service)
    lease.execute("create table t (n int)")
    stranger = pymysql.connect(
        host=lease.host, port=lease.port, user=lease.user, password=lease.password, database=lease.dbname
    )
    with stranger.cursor() as cursor:
        cursor.execute("insert into t values (1)")
    assert lease.snapshot().parts == {"t": {}}
    began = time.monotonic()
    lease.end()
    assert time.monotonic() - began < 5
    with pytest.raises(pymysql.Error):
        stranger.ping(reconnect=False)


def test_it_goes_down_by_cutting_its_connections(warehouse: MysqlLease) -> None:
    connection = warehouse.connect()
    warehouse.cut()
    with pytest.raises(pymysql.Error), connection.cursor() as cursor:
        cursor.execute("select 1")
    assert warehouse.rows("select 1") == [(1,)]


def test_somebody_else_writes(warehouse: MysqlLease, tmp_path: Path) -> None:
    script = tmp_path / "night.sql"
    script.write_text("insert into city values (1, 'a;b');\ninsert into log values ('-- no comment');\n")
    warehouse.happen(SqlRuns(file=str(script)))
    warehouse.happen(SqlRuns(sql="insert into city values (2, 'c')"))
    assert warehouse.rows("select name from city order by id") == [("a;b",), ("c",)]
    assert warehouse.rows("select * from log") == [("-- no comment",)]


def test_sql_and_csv_fill_a_database(service: Service, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        SQL + "delimiter //\ncreate trigger told after insert on city for each row begin\n"
        "  insert into log values (concat('came: ', new.name));\nend//\ndelimiter ;\n"
    )
    (tmp_path / "city.csv").write_text('id,name\n1,Köln\n2,"Halle, Saale"\n3,\n')
    lease = leased(service, tmp_path)
    assert lease.rows("select name from city order by id") == [("Köln",), ("Halle, Saale",), (None,)]
    assert lease.rows("select count(line) from log") == [(2,)]
    lease.end()


@pytest.mark.parametrize(
    ("name", "text", "line", "fact"),
    [
        ("a.sql", "create table t (n int);\n\n-- why\nselect nothing from t;\n", 3, "nothing"),
        ("a.sql", "select 1;\nselect\n  2 frm t;\n", 3, "syntax"),
        ("gone.csv", "a\n1\n", 2, "doesn't exist"),
        ("city.csv", "id,name\n1,a\nmany,b\n", 3, "Incorrect integer value"),
    ],
)
def test_a_seed_that_is_refused_is_told_by_file_and_line(
    service: Service, tmp_path: Path, name: str, text: str, line: int, fact: str
) -> None:
    (tmp_path / "tables.sql").write_text(SQL)
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(WorldError, match=f"connection 'warehouse': MySQL refuses a seed: .*{fact}") as caught:
        leased(service, tmp_path / "tables.sql", file)
    assert caught.value.where == f"{file}:{line}"


@contextmanager
def simulated(service: Service, start: datetime) -> Iterator[WallClock]:
    clock = service.clock()
    assert clock is not None
    follow(clock)
    try:
        with wall_clock(to_instant(start)) as wall:
            yield wall
    finally:
        follow_no_more(clock)


@mariadb
def test_sql_tells_the_simulations_time_and_then_the_machines(served: MysqlService) -> None:
    assert MysqlService.why_clock_is_real("embedded") is None
    lease = leased(served)
    lease.execute("create table loads (id int, at timestamp(6) default current_timestamp(6))")
    start = datetime(2025, 1, 1, 5, 30, tzinfo=timezone.utc)
    with simulated(served, start) as clock:
        assert str(lease.rows("select current_date")[0][0]) == "2025-01-01"
        for number in range(3):
            lease.execute("insert into loads (id) values (%s)", [number])
            clock.advance(3600 * SECOND)
        began = time.perf_counter()
        lease.execute("select sleep(0.2)")
        assert 0.2 <= time.perf_counter() - began < 5
    for hours, (at,) in enumerate(lease.rows("select at from loads order by id")):
        assert timedelta(0) <= at.replace(tzinfo=timezone.utc) - start - timedelta(hours=hours) < timedelta(seconds=5)
    (now,) = lease.rows("select unix_timestamp()")[0]
    assert abs(now - time.time()) < 5
    lease.end()


@mariadb
def test_a_lock_is_waited_for_in_real_time_while_the_clock_moves(served: MysqlService) -> None:
    lease = leased(served)
    lease.execute("create table t (n int primary key)")
    lease.execute("insert into t values (1)")
    one, other = lease.connect().cursor(), lease.connect().cursor()
    with simulated(served, datetime(2025, 1, 1, tzinfo=timezone.utc)) as clock:
        one.execute("begin")
        one.execute("update t set n = 2")
        clock.advance(24 * 3600 * SECOND)
        other.execute("set innodb_lock_wait_timeout = 1")
        began = time.perf_counter()
        with pytest.raises(pymysql.Error, match="Lock wait timeout"):
            other.execute("update t set n = 3")
        assert 0.9 <= time.perf_counter() - began < 5
    lease.end()


@mariadb
def test_nobody_gets_in_without_the_password(served: MysqlService) -> None:
    admin = served._databases._admin
    for user, password in [("root", ""), ("", ""), (admin.user, "wrong")]:
        with pytest.raises(pymysql.OperationalError, match="Access denied"):
            pymysql.connect(host=admin.host, port=admin.port, user=user, password=password)
    shown = [part for process in psutil.process_iter(["cmdline"]) for part in process.info["cmdline"] or []]
    assert not any(admin.password in part for part in shown)


STARTS = """
from harness.services.mysql.service import MysqlService
service = MysqlService("embedded")
service.start()
print(service.lease("a", "a", service.options()).rows("select 1"), flush=True)
input()
"""


@mariadb
def test_it_goes_with_its_owner_that_is_killed(area: Path, owner, leaves_nothing) -> None:
    process = owner(STARTS)
    assert process.stdout.readline() == "[(1,)]\n"
    (folder,) = area.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    if os.geteuid() == 0:
        assert 0 not in {process.uids().effective for process in processes_in(folder)}
    process.kill()
    leaves_nothing()


@mariadb
def test_it_goes_with_its_owner_when_the_reaper_is_killed(area: Path, leaves_nothing) -> None:
    service = MysqlService("embedded")
    service.start()
    os.kill(service._server._link._process.pid, signal.SIGKILL)
    service.close()
    leaves_nothing()


@mariadb
def test_a_server_that_ends_by_itself_is_named_with_its_log(area: Path, leaves_nothing) -> None:
    service = MysqlService("embedded")
    service.start()
    (server,) = (process for process in processes_in(area) if process.name() == "mariadbd")
    server.kill()
    leaves_nothing()  # though it has not been closed
    with pytest.raises(ServiceUnavailable, match="MySQL refuses") as caught:
        leased(service)
    assert "ready for connections" in caught.value.known
    service.close()


def test_a_machine_without_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(embedded, "FOLDERS", (str(tmp_path),))
    with pytest.raises(ServiceUnavailable, match="needs the program mariadbd, which this machine does not have") as one:
        MysqlService("embedded").start()
    assert one.value.fix.startswith("apt install mariadb-server")
    (tmp_path / "mysqld").write_text("#!/bin/sh\n")
    (tmp_path / "mysqld").chmod(0o755)
    with pytest.raises(ServiceUnavailable, match="there is no mariadb-install-db beside the server") as other:
        MysqlService("embedded").start()
    assert other.value.where == f"{tmp_path}/mysqld"


def test_where_the_clock_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MysqlService.why_clock_is_real("container") == "a container has the machine's"
    assert MysqlService.why_clock_is_real("external") == "the server is not the harness's own"
    monkeypatch.setenv(CLOCK_VARIABLE, "real")
    assert MysqlService.why_clock_is_real("embedded") == f"{CLOCK_VARIABLE}=real"
    monkeypatch.setenv(CLOCK_VARIABLE, "reel")
    with pytest.raises(UsageError, match=f"{CLOCK_VARIABLE}=reel is no clock"):
        MysqlService.why_clock_is_real("embedded")


@pytest.mark.parametrize(
    ("url", "fact"),
    [
        ("", "the external MySQL needs a URL"),
        ("postgresql://me:secret@there", "the URL of the external MySQL is no mysql:// one"),
        ("mysql://me:secret@there:x", "the URL of the external MySQL is no mysql:// one"),
        ("mysql://me:secret@127.0.0.1:1", "MySQL refuses: Can't connect"),
    ],
)
def test_an_url_that_leads_nowhere(url: str, fact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, url)
    with pytest.raises(ServiceUnavailable) as caught:
        MysqlService("external").start()
    assert caught.value.fact.startswith(fact)
    assert "secret" not in str(caught.value)


def test_a_url_of_the_users_is_taken_by_itself() -> None:
    assert MysqlService.automatic({URL_VARIABLE: "mysql://there"}) == ("external", URL_VARIABLE)
    assert MysqlService.automatic({}) == ("embedded", "the default")
    found = address.of_url("mysql+pymysql://me%40home:p%2Fw@there")
    assert (found.host, found.port, found.user, found.password) == ("there", 3306, "me@home", "p/w")


@pytest.mark.parametrize(("missing", "extra"), [("MySQLdb", {"client": "mysql-connector-python"}), ("none", None)])
def test_the_connection_names_the_client_that_is_installed(monkeypatch, missing: str, extra: object) -> None:
    monkeypatch.setattr(address, "find_spec", lambda name: None if name == missing else object())
    made = address.MysqlDatabase("127.0.0.1", 3306, "me", "pw", "db").airflow["extra"]
    assert (made if made is None else json.loads(made)) == extra


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("select 1; select 2", [(1, "select 1"), (1, "select 2")]),
        ("-- one; two\n# three;\n/* four; */ select 5;", [(1, "-- one; two\n# three;\n/* four; */ select 5")]),
        ("-- nothing\n/* here; */", []),
        ("select 'a;''b\\';', \"c;\", `d;`;\nselect 2", [(1, "select 'a;''b\\';', \"c;\", `d;`"), (2, "select 2")]),
        ("/*!40101 set names utf8 */;\n;;", [(1, "/*!40101 set names utf8 */")]),
        ("select 1--1;", [(1, "select 1--1")]),
        ("DELIMITER $$\nbegin; end$$\ndelimiter ;\nselect 1;", [(2, "begin; end"), (4, "select 1")]),
        ("select 'never closed;", [(1, "select 'never closed;")]),
    ],
)
def test_a_script_is_parted_as_mysqls_client_does(script: str, expected: list[tuple[int, str]]) -> None:
    assert list(statements(script)) == expected

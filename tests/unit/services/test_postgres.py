"""What every driver of PostgreSQL does alike, and the port's own data."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import time_machine

from harness.errors import ServiceUnavailable, UsageError
from harness.services.postgres.address import Database, PostgresServer
from harness.services.postgres.embedded import EmbeddedPostgres
from harness.services.postgres.external import ExternalPostgres
from harness.services.postgres.opening import attach_postgres, open_postgres
from harness.services.sql.names import safe_name


def admin_of(server: PostgresServer) -> Database:
    fields = json.loads(server.share())["harness_postgres"]
    del fields["ours"]
    return Database(**fields)


def ask(db: Database, *orders: str) -> list[tuple]:
    """The rows of the last of the orders."""
    with closing(psycopg2.connect(db.uri)) as connection, connection, connection.cursor() as cursor:
        for order in orders:
            cursor.execute(order)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(params=["embedded", "attached", "external", pytest.param("container", marks=pytest.mark.containers)])
def server(request: pytest.FixtureRequest, embedded: EmbeddedPostgres) -> Iterator[PostgresServer]:
    if request.param == "embedded":
        yield embedded
    elif request.param == "attached":
        with attach_postgres(embedded.share()) as attached:
            yield attached
    elif request.param == "container":
        yield request.getfixturevalue("contained")
    else:
        with open_postgres("external", admin_of(embedded).uri) as external:
            yield external


def test_databases_are_isolated(server: PostgresServer) -> None:
    one, two = server.create_database("isolated"), server.create_database("isolated")
    assert one.dbname != two.dbname
    ask(one, "CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)")
    assert ask(one, "SELECT n FROM t") == [(1,)]
    with pytest.raises(psycopg2.errors.UndefinedTable):
        ask(two, "SELECT n FROM t")


def test_a_clone_has_the_rows_and_lives_apart(server: PostgresServer) -> None:
    seeded = server.create_database("seeded")
    ask(seeded, "CREATE TABLE t (n int)", "INSERT INTO t VALUES (1), (2)")
    clone = server.create_database("clone", template=seeded.dbname)
    assert ask(clone, "SELECT n FROM t ORDER BY n") == [(1,), (2,)]
    ask(clone, "DELETE FROM t")
    assert ask(seeded, "SELECT count(*) FROM t") == [(2,)]


def test_dropping_closes_connections_and_is_repeatable(server: PostgresServer) -> None:
    db = server.create_database("dropped")
    with closing(psycopg2.connect(db.uri)) as connection:
        server.drop_database(db)
        with pytest.raises(psycopg2.OperationalError):
            connection.cursor().execute("SELECT 1")
    server.drop_database(db)
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(db.uri)


def test_databases_that_nobody_needs_do_not_pile_up(server: PostgresServer, embedded: EmbeddedPostgres) -> None:
    """On a server of ours the last ones go as others are made; on the user's at once."""
    ours = not isinstance(server, ExternalPostgres)
    asked = server.create_database("asked")
    names = set()
    for _ in range(5):
        db = server.create_database("needless")
        names.add(db.dbname)
        with closing(psycopg2.connect(db.uri)) as connection:  # which nobody closes before
            connection.cursor().execute("SELECT 1")
            server.retire_database(db)
        left = {name for (name,) in ask(asked, "SELECT datname FROM pg_database")} & names
        assert len(left) <= (2 if ours else 0)


def test_a_missing_template_is_refused(server: PostgresServer) -> None:
    with pytest.raises(ServiceUnavailable, match='template database "nowhere" does not exist'):
        server.create_database("x", template="nowhere")


def test_text_is_utf8_and_time_utc(server: PostgresServer) -> None:
    db = server.create_database("text")
    assert ask(db, "SELECT upper('é'), current_setting('TimeZone')") == [("É", "UTC")]


def test_a_template_in_use_is_cloned_without_waiting(embedded: EmbeddedPostgres) -> None:
    seeded = embedded.create_database("in_use")
    with closing(psycopg2.connect(seeded.uri)) as connection:
        connection.cursor().execute("SELECT 1")
        began_s = time.monotonic()
        embedded.create_database("clone", template=seeded.dbname)
        assert time.monotonic() - began_s < 4  # PostgreSQL alone waits 5 s, then refuses


def test_names_are_numbered_in_order_and_skip_what_others_took(embedded: EmbeddedPostgres) -> None:
    other = attach_postgres(embedded.share())
    names = [server.create_database("Etl.load[1]").dbname for server in (embedded, other, embedded, other)]
    assert names == ["etl_load_1", "etl_load_1_2", "etl_load_1_3", "etl_load_1_4"]


@pytest.mark.parametrize(
    ("hint", "name"),
    [("tests/test_a.py::test_b[x-1]", "tests_test_a_py_test_b_x_1"), ("", "db"), ("é", "db"), ("1a", "db_1a"),
     ("x" * 99, "x" * 48), ('a"; DROP', "a_drop"), ("_a_", "a")],
)  # fmt: skip
def test_safe_names(hint: str, name: str) -> None:
    assert safe_name(hint) == name


def test_works_with_airflows_hook(embedded: EmbeddedPostgres) -> None:
    from airflow.providers.postgres.hooks.postgres import PostgresHook
    from airflow.sdk import Connection

    db = embedded.create_database("hook")
    hook = PostgresHook(connection=Connection(conn_id="warehouse", **db.airflow))
    hook.run("CREATE TABLE t (n int); INSERT INTO t VALUES (7)")
    assert hook.get_first("SELECT n FROM t") == (7,)
    assert hook.get_df("SELECT n FROM t")["n"].tolist() == [7]


def test_from_another_process(embedded: EmbeddedPostgres) -> None:
    code = (
        "import sys; from harness.services.postgres.opening import attach_postgres\n"
        "with attach_postgres(sys.argv[1]) as server: server.start(); print(server.create_database('elsewhere').uri)"
    )
    words = [sys.executable, "-c", code, embedded.share()]
    root = Path(__file__).parents[3]
    uri = subprocess.run(words, capture_output=True, text=True, check=True, cwd=root).stdout.strip()
    with closing(psycopg2.connect(uri)) as connection, connection.cursor() as cursor:  # the server outlived it
        cursor.execute("SELECT current_database()")
        assert cursor.fetchone() == ("elsewhere",)


def test_under_a_frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the start nor the making of databases needs Python's time to pass."""

    def virtual(_seconds: float) -> None:
        raise AssertionError("time.sleep was called")

    monkeypatch.setattr(time, "sleep", virtual)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    with time_machine.travel(0, tick=False), open_postgres() as server:
        db = server.create_database("frozen")
        assert ask(db, "SELECT 1") == [(1,)]
        server.drop_database(db)


def test_external_drops_what_it_made_and_nothing_else(embedded: EmbeddedPostgres) -> None:
    theirs = embedded.create_database("theirs")
    external = open_postgres("external", admin_of(embedded).uri)
    with external:
        ours = external.create_database("ours")
        assert ours.dbname == "harness_ours"
        with attach_postgres(external.share()) as worker:
            workers = worker.create_database("worker")
    left = {name for (name,) in ask(theirs, "SELECT datname FROM pg_database")}
    assert theirs.dbname in left
    assert {ours.dbname, workers.dbname} & left == set()
    external.stop()  # a second time
    with pytest.raises(ServiceUnavailable, match=r"not opened[\s\S]*call start"):
        external.create_database("x")


def test_external_url_from_the_environment(embedded: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = admin_of(embedded).uri.replace("postgresql://", "postgresql+psycopg2://") + "?application_name=me"
    monkeypatch.setenv("AIRFLOW_HARNESS_POSTGRES_URL", uri)
    with open_postgres("external") as server:
        db = server.create_database("env")
        assert ask(db, "SELECT current_setting('application_name')") == [("me",)]
        assert json.loads(db.airflow["extra"]) == {"application_name": "me"}


def test_external_faults(embedded: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_HARNESS_POSTGRES_URL", raising=False)
    with pytest.raises(ServiceUnavailable, match="needs a URL") as caught:
        open_postgres("external")
    assert "set AIRFLOW_HARNESS_POSTGRES_URL=postgresql://" in caught.value.fix
    with pytest.raises(ServiceUnavailable, match="cannot be read") as caught:
        open_postgres("external", "postgresql://u:sekret@h:port/db")
    assert "sekret" not in str(caught.value)
    with pytest.raises(ServiceUnavailable, match="does not answer") as caught:
        open_postgres("external", "postgresql://u:sekret@127.0.0.1:1/db").start()
    assert caught.value.where == "127.0.0.1:1"
    assert "sekret" not in str(caught.value)
    admin = admin_of(embedded)
    ask(admin, "CREATE ROLE humble LOGIN PASSWORD 'p'")
    humble = Database(admin.host, admin.port, "humble", "p", "postgres")
    with pytest.raises(ServiceUnavailable, match="does not let humble create databases") as caught:
        open_postgres("external", humble.uri).start()
    assert caught.value.fix == 'ALTER ROLE "humble" CREATEDB'


def test_wrong_calls() -> None:
    with pytest.raises(UsageError, match="no PostgreSQL driver 'oracle'"):
        open_postgres("oracle")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="takes no URL"):
        open_postgres("embedded", "postgresql://h")
    for token in ("", "{}", "[]", '{"harness_postgres": {}}', '{"harness_postgres": {"ours": true}}'):
        with pytest.raises(UsageError, match=r"share\(\) did not give"):
            attach_postgres(token)
    server = open_postgres()
    for call in (server.share, lambda: server.create_database("x")):
        with pytest.raises(ServiceUnavailable, match="not started"):
            call()
    server.stop()


def test_addresses() -> None:
    db = Database("db.test", 5432, "u@x", "p/:w", "a b")
    assert db.uri == "postgresql://u%40x:p%2F%3Aw@db.test:5432/a%20b"
    assert "p/:w" not in repr(db)
    assert db.airflow == {"conn_type": "postgres", "host": "db.test", "login": "u@x", "password": "p/:w",
                          "schema": "a b", "port": 5432, "extra": None}  # fmt: skip
    assert psycopg2.extensions.parse_dsn(db.uri)["password"] == "p/:w"
    assert Database("::1", 1, "u", "p", "d", {"sslmode": "require"}).uri == "postgresql://u:p@[::1]:1/d?sslmode=require"
    assert psycopg2.extensions.parse_dsn(Database("/run/pg", 5, "u", "p", "d").uri)["host"] == "/run/pg"
    assert hash(db) == hash(Database("db.test", 5432, "u@x", "p/:w", "a b"))


def test_nothing_starts_and_nothing_heavy_is_imported_before_start(area: Path) -> None:
    code = (
        "import sys; from harness.services.postgres.opening import open_postgres; open_postgres();"
        "print({'psycopg2', 'airflow', 'docker', 'testcontainers'} & {*sys.modules})"
    )
    root = Path(__file__).parents[3]
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert shown.stdout.strip() == "set()"
    assert tempfile.gettempdir() == str(area)
    assert list(area.iterdir()) == []

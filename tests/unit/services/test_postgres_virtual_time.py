"""SQL's clock: that of the simulation while there is one, and of the machine before and after."""

from __future__ import annotations

import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from processes import wait_until

from harness.errors import UsageError
from harness.kernel.clock import WallClock, follow, follow_no_more, wall_clock
from harness.kernel.instant import SECOND, Instant, to_instant
from harness.project.drivers import DriverOptions
from harness.services import virtual_time
from harness.services.binding import Services, clock_notes
from harness.services.postgres.address import CLOCK_VARIABLE, URL_VARIABLE
from harness.services.postgres.databases import connect
from harness.services.postgres.embedded import EmbeddedPostgres
from harness.services.postgres.service import PostgresService
from harness.services.reaper import Order
from harness.services.reaper_link import ReaperLink
from harness.world import World

START = datetime(2025, 1, 1, 5, 30, tzinfo=timezone.utc)
SLACK = timedelta(seconds=5)
"""Real time that may pass between a move and a statement."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="libfaketime is for Linux")


@contextmanager
def simulated(server: EmbeddedPostgres, start: datetime = START) -> Iterator[WallClock]:
    assert server.clock is not None
    follow(server.clock)
    try:
        with wall_clock(to_instant(start)) as clock:
            yield clock
    finally:
        follow_no_more(server.clock)


@pytest.fixture
def cursor(embedded: EmbeddedPostgres) -> Iterator[Any]:
    database = embedded.create_database("clock")
    with closing(connect(database, ours=True)) as connection, connection.cursor() as cursor:
        yield cursor
    embedded.drop_database(database)


def value(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    return cursor.fetchone()[0]


def near(shown: datetime, expected: datetime) -> bool:
    """Not before, and not much after."""
    return timedelta(0) <= shown - expected < SLACK


def test_sql_tells_the_simulations_time_and_then_the_machines(embedded: EmbeddedPostgres, cursor: Any) -> None:
    cursor.execute("create table loads (id int, at timestamptz default now())")
    with simulated(embedded) as clock:
        assert near(value(cursor, "select now()"), START)
        assert str(value(cursor, "select current_date")) == "2025-01-01"
        for number in range(3):
            cursor.execute(f"insert into loads values ({number})")
            clock.advance(3600 * SECOND)
        assert near(value(cursor, "select clock_timestamp()"), START + timedelta(hours=3))
        clock.advance(24 * 3600 * SECOND)
        assert str(value(cursor, "select current_date")) == "2025-01-02"
    cursor.execute("select at from loads order by id")
    assert all(near(at, START + timedelta(hours=hours)) for hours, (at,) in enumerate(cursor.fetchall()))
    assert abs(value(cursor, "select now()") - datetime.now(timezone.utc)) < SLACK


@pytest.mark.parametrize("year", [1970, 1999, 2038, 2100])
def test_any_date_that_a_run_may_have(embedded: EmbeddedPostgres, cursor: Any, year: int) -> None:
    start = datetime(year, 2, 28, 23, 59, 0, 999_999, tzinfo=timezone.utc)
    with simulated(embedded, start):
        assert near(value(cursor, "select now()"), start)
    assert abs(value(cursor, "select now()") - datetime.now(timezone.utc)) < SLACK


def test_sql_never_tells_an_earlier_instant(embedded: EmbeddedPostgres, cursor: Any) -> None:
    with simulated(embedded) as clock:
        for move in range(200):
            clock.advance(999_983)
            at = START + timedelta(microseconds=999_983 * (move + 1))
            assert near(value(cursor, "select clock_timestamp()"), at)


def test_sleeps_and_timeouts_of_the_server_take_their_real_time(embedded: EmbeddedPostgres, cursor: Any) -> None:
    with simulated(embedded) as clock:
        clock.advance(3600 * SECOND)
        began = time.perf_counter()
        cursor.execute("select pg_sleep(0.2)")
        assert 0.2 <= time.perf_counter() - began < 5
        cursor.execute("set statement_timeout = 300")
        began = time.perf_counter()
        with pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.execute("select pg_sleep(60)")
        assert 0.25 <= time.perf_counter() - began < 10


def test_a_timeout_that_strikes_while_the_clock_is_read(embedded: EmbeddedPostgres, cursor: Any) -> None:
    """Its signal's handler reads the clock too: neither may wait for the other."""
    with simulated(embedded):
        cursor.execute("set statement_timeout = 5")
        for _ in range(50):
            with pytest.raises(psycopg2.errors.QueryCanceled):
                cursor.execute("select count(clock_timestamp()) from generate_series(1, 100000000)")
        cursor.execute("set statement_timeout = 0")
        assert near(value(cursor, "select now()"), START)


def test_a_move_costs_microseconds(embedded: EmbeddedPostgres) -> None:
    def batch() -> float:
        began = time.perf_counter()
        for _ in range(200):
            clock.advance(1)
        return (time.perf_counter() - began) / 200

    with simulated(embedded) as clock:
        assert statistics.median(batch() for _ in range(15)) < 50e-6


def test_what_is_in_the_file_is_of_one_length(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text(virtual_time.REAL_TIME)
    clock = virtual_time.ServerClock(file)
    for instant in (Instant(0), Instant(1), to_instant(START), Instant(4_102_444_800 * SECOND), None):
        clock(instant)
        text = file.read_text()
        assert len(text) == len(virtual_time.REAL_TIME)
        now = time.time()
        assert instant is None or 0 <= now + float(text) - instant / SECOND < SLACK.total_seconds()
    assert float(text) == 0
    clock.close()


@pytest.mark.programs
def test_the_server_alone_has_it_not_what_prepares_its_folder(area: Path) -> None:
    steps, serve = ["/bin/sh", "-c", "env > {folder}/step"], "env > {folder}/served; echo up > {folder}/ready; sleep 60"
    link = ReaperLink(
        Order(
            owner=os.getpid(),
            kind="pg",
            parent=str(area),
            uid=None,
            gid=None,
            files={"clock": virtual_time.REAL_TIME},
            copies=[(__file__, "{folder}/programs/copied")],
            steps=[steps],
            serve=["/bin/sh", "-c", serve],
            env={"FAKETIME_TIMESTAMP_FILE": "{folder}/clock"},
            ready=("{folder}/ready", "up"),
        )
    )
    try:
        assert link.event(20_000) == {"event": "serving"}
        folder = Path(str(link.folder))
        assert f"FAKETIME_TIMESTAMP_FILE={folder}/clock\n" in (folder / "served").read_text()
        assert "FAKETIME" not in (folder / "step").read_text()
        assert (folder / "programs" / "copied").read_bytes() == Path(__file__).read_bytes()
    finally:
        link.close()
    assert wait_until(lambda: not folder.exists())


def test_services_in_use_follow_until_they_are_closed() -> None:
    services = Services()
    running = services.of(PostgresService, "embedded")
    lease = running.lease("followed", "warehouse", PostgresService.options())
    with wall_clock(to_instant(START)):
        ((now,),) = lease.rows("select now()")
        assert near(now, START)
    services.close()
    with wall_clock(to_instant(START)):
        pass  # a clock that is closed is not asked


def test_no_shared_memory_is_left_where_the_server_is_killed() -> None:
    with EmbeddedPostgres() as server:
        with closing(connect(server.create_database("killed"), ours=True)) as connection:
            connection.cursor().execute("select 1")
        pid = int((Path(str(server._link.folder)) / "data" / "postmaster.pid").read_text().split()[0])
        shared = [Path(f"/dev/shm/faketime_shm_{pid}"), Path(f"/dev/shm/sem.faketime_sem_{pid}")]
        assert wait_until(lambda: not any(one.exists() for one in shared))  # while it runs, too
        for one in shared:
            one.touch()  # as a server that is killed while it starts leaves them
        os.kill(pid, signal.SIGKILL)
    assert not any(one.exists() for one in shared)


def absent(name: str) -> ModuleSpec | None:
    return None


def test_where_the_clock_is_real(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert virtual_time.why_real(CLOCK_VARIABLE) is None
    assert not PostgresService.is_shared("embedded")
    other = tmp_path / "libfaketime.so.1"
    other.write_bytes(b"\x7fELF of another machine")
    with monkeypatch.context() as patch:
        patch.setattr(virtual_time, "library", lambda: other)
        assert virtual_time.why_real(CLOCK_VARIABLE) == f"{other} does not load on this machine"
    with monkeypatch.context() as patch:
        patch.setattr(virtual_time, "find_spec", absent)
        assert virtual_time.why_real(CLOCK_VARIABLE) == "libfaketime is not installed (pip install libfaketime)"
        assert PostgresService.is_shared("embedded")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "darwin")
        assert virtual_time.why_real(CLOCK_VARIABLE) == "libfaketime is for Linux"
    monkeypatch.setenv(CLOCK_VARIABLE, "real")
    assert virtual_time.why_real(CLOCK_VARIABLE) == "AIRFLOW_HARNESS_POSTGRES_CLOCK=real"
    with EmbeddedPostgres() as server:
        assert server.clock is None
    monkeypatch.setenv(CLOCK_VARIABLE, "reel")
    with pytest.raises(UsageError, match="AIRFLOW_HARNESS_POSTGRES_CLOCK=reel is no clock"):
        virtual_time.why_real(CLOCK_VARIABLE)


def test_a_run_is_told_of_a_real_clock_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    world = World()
    assert clock_notes(world, DriverOptions()) == []
    for conn_id in ("warehouse", "archive"):
        world.set_connection(conn_id, service="postgres")
    assert clock_notes(world, DriverOptions()) == []
    assert clock_notes(world, DriverOptions(settings={"postgres": "external"})) == [
        "the clock of postgres is real, also in virtual time: the server is not the harness's own"
    ]

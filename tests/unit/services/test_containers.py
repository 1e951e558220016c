"""Servers in containers: kept by a process of their own, gone with their owner; clear words where there can be none.

What is marked runs with a Docker engine and images of Debian's packages: ``python -m tests.containers``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine

import tests.containers.__main__
from harness.errors import ServiceUnavailable
from harness.services.containers import keeper
from harness.services.containers.container import Container
from harness.services.mysql import embedded
from tests.containers.__main__ import main

IMAGES = "airflow-harness-test"
POSTGRES, REDIS = f"{IMAGES}/postgres", f"{IMAGES}/redis"
WORDS = {"user": "harness", "password": "a-password", "dbname": "harness", "folders": "in"}
containers = pytest.mark.containers


def alive() -> set[str]:
    """The containers that keepers have."""
    words = ["docker", "ps", "--all", "--quiet", "--filter", f"label={keeper.KEEPER}"]
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


@pytest.fixture
def leaves_none() -> Iterator[Callable[[], None]]:
    """Only those of this test are looked at: others run beside it."""
    before = alive()

    def check(timeout_s: float = 15) -> None:
        deadline_s = time.monotonic() + timeout_s
        while (left := alive() - before) and time.monotonic() < deadline_s:
            time.sleep(0.1)
        assert not left

    yield check
    check()


@containers
@pytest.mark.parametrize(
    ("kind", "image"),
    [
        ("postgres", POSTGRES),
        ("redis", REDIS),
        ("mysql", f"{IMAGES}/mysql"),
        ("s3", f"{IMAGES}/moto"),
        ("sftp", f"{IMAGES}/sftp"),
        ("kafka", f"{IMAGES}/kafka"),
    ],
)
def test_it_answers_on_this_machine_alone_until_it_is_stopped(leaves_none, kind: str, image: str) -> None:
    container = Container(kind, image, WORDS)
    before = alive()
    host, port = container.start()
    try:
        (made,) = alive() - before
        shown = subprocess.run(["docker", "port", made], capture_output=True, text=True, check=True).stdout
        assert host == "127.0.0.1"
        assert [line.split(" -> ")[1] for line in shown.splitlines()] == [f"127.0.0.1:{port}"]
    finally:
        container.close()
    container.close()
    leaves_none(0)


@containers
def test_its_start_waits_by_a_clock_of_its_own(leaves_none) -> None:
    container = Container("redis", REDIS, WORDS)
    with time_machine.travel("2030-01-01", tick=False):
        container.start()
        container.close()
    leaves_none(0)


@containers
@pytest.mark.parametrize("after_s", [0.0, 0.7, 1.5, 2.5, 60.0])
def test_it_goes_with_an_owner_that_is_killed_at_any_moment_of_its_start(leaves_none, after_s: float) -> None:
    code = (
        "from harness.services.containers.container import Container\n"
        f"print(Container('postgres', {POSTGRES!r}, {WORDS!r}).start(), flush=True)\n"
        "input()"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if after_s == 60.0:
        owner.stdout.readline()
    else:
        time.sleep(after_s)
    owner.kill()
    owner.wait()
    leaves_none()


@containers
def test_what_a_killed_keeper_leaves_goes_with_its_owner_or_the_next_start(leaves_none) -> None:
    container = Container("redis", REDIS, WORDS)
    container.start()
    os.kill(container._link._process.pid, signal.SIGKILL)
    container.close()
    leaves_none(0)
    code = (
        "import os, signal\nfrom harness.services.containers.container import Container\n"
        f"container = Container('redis', {REDIS!r}, {WORDS!r})\ncontainer.start()\n"
        "os.kill(container._link._process.pid, signal.SIGKILL)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    before = alive()
    subprocess.run([sys.executable, "-c", code])
    assert len(alive() - before) == 1
    container = Container("redis", REDIS, WORDS)
    container.start()
    container.close()


@containers
def test_an_image_that_is_not_here_is_not_pulled(leaves_none) -> None:
    container = Container("redis", "airflow-harness-test/no-such:1", WORDS)
    with pytest.raises(ServiceUnavailable, match=r"needs the image .*, which is not on this machine") as caught:
        container.start()
    assert caught.value.fix == "docker pull airflow-harness-test/no-such:1"


@containers
def test_a_server_that_does_not_come_up_shows_its_log(leaves_none, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TC_MAX_TRIES", "3")
    with pytest.raises(ServiceUnavailable, match="the container of postgres does not start") as caught:
        Container("postgres", REDIS, WORDS).start()  # a program that ends at once: it has no word "postgres"
    assert "the log ends:" in caught.value.known


def refused(**environment: str) -> ServiceUnavailable:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(ServiceUnavailable) as caught:
            Container("redis", REDIS, WORDS).start()
    return caught.value


def test_without_docker_the_error_says_where_it_was_looked_for(tmp_path: Path) -> None:
    error = refused(DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert error.fact == f"the container of redis needs Docker, and there is none at unix://{tmp_path}/none.sock"
    assert "dockerd" in error.fix


def test_an_engine_that_does_not_answer() -> None:
    error = refused(DOCKER_HOST="tcp://127.0.0.1:1")
    assert error.fact == "the container of redis needs Docker, which does not answer at tcp://127.0.0.1:1"
    assert "refused" in error.known


def test_without_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    from docker.transport.unixconn import UnixHTTPConnection

    def connect(self) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(UnixHTTPConnection, "connect", connect)
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    with pytest.raises(keeper.NoContainer) as caught:
        keeper.connected()
    assert caught.value.fact == "may not use Docker: no permission for unix:///var/run/docker.sock"
    assert "usermod -aG docker" in caught.value.fix


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.services.installed.find_spec", lambda module: None)
    with pytest.raises(ServiceUnavailable, match="needs testcontainers and docker, which are not installed") as caught:
        Container("redis", REDIS, WORDS).start()
    assert caught.value.fix == 'pip install "airflow-harness[containers]"'


def test_a_keeper_whose_owner_died_while_it_ordered_does_nothing() -> None:
    ended = subprocess.run([sys.executable, "-I", keeper.__file__], input=b'{"owner"', capture_output=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, b"")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("X", "y", "True"), ("DOCKER_HOST", "ssh://me@there", "False"), ("TC_HOST", "there", "False")],
)
def test_whether_ports_of_containers_are_this_machines(name: str, value: str, expected: str) -> None:
    script = (
        f"import sys; sys.path[:0] = [{str(Path(keeper.__file__).parent)!r}]; import keeper; print(keeper.at_home())"
    )
    environment = {
        other: value for other, value in os.environ.items() if not other.startswith(("DOCKER", "TC_", "TESTC"))
    }
    words = [sys.executable, "-c", script]
    ran = subprocess.run(words, env={**environment, name: value}, capture_output=True, text=True)
    assert ran.stdout.strip() == expected


def test_what_a_machine_leaves_out_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setattr(tests.containers.__main__, "programs", lambda: ("mariadbd", "mariadb-install-db"))
    ran: list[list[str]] = []
    real = subprocess.run

    def run(words: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        if words[0] == "docker":
            return real(words, **options)
        ran.append(words)
        return subprocess.CompletedProcess(words, 7)

    monkeypatch.setattr(subprocess, "run", run)
    assert main() == 7
    assert ran == [[sys.executable, "-m", "pytest", "-m", "mariadb", *sys.argv[1:], "tests"]]
    assert capsys.readouterr().out.startswith("=== left out: tests of containers: no Docker")
    monkeypatch.undo()


def test_without_any_of_them_nothing_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(tests.containers.__main__, "no_docker", lambda: "no Docker")
    monkeypatch.setattr(embedded, "FOLDERS", ())
    monkeypatch.setenv("PATH", "")
    assert main() == 0
    fact = "the embedded MySQL needs the program mariadbd, which this machine does not have"
    assert capsys.readouterr().out.splitlines() == [
        "=== left out: tests of containers: no Docker",
        f"=== left out: tests of mariadb: {fact}; {embedded.FIX}",
    ]

"""Processes and folders that tests of services look at."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import nobodys_memory, processes_in, shared_memory, wait_until

from harness.services.postgres.address import PostgresServer
from harness.services.postgres.embedded import EmbeddedPostgres
from harness.services.postgres.opening import open_postgres

ROOT = Path(__file__).parents[3]

if "AIRFLOW_HOME" not in os.environ:  # Airflow, used here for its hook only, must not make its home in the user's
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-harness-test-home-")
    atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)


@pytest.fixture
def area(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder for everything, that every account reaches. Not tmp_path, which only its owner does."""
    folder = Path(tempfile.mkdtemp(prefix="harness-services-test-", dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    wait_until(lambda: not processes_in(folder))
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def leaves_nothing(area: Path) -> Callable[[], None]:
    before = shared_memory()

    def left() -> list[object]:
        return [*area.iterdir(), *processes_in(area), *nobodys_memory(shared_memory() - before)]

    def check() -> None:
        assert wait_until(lambda: not left()), left()

    return check


@pytest.fixture
def owner(area: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a Python program that owns a server, with ``area`` as its temporary folder."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str, **env: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "TMPDIR": str(area), **env}
        process = subprocess.Popen(
            [sys.executable, "-c", code], env=environment, cwd="/", stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="session")
def contained() -> Iterator[PostgresServer]:
    """One server in a container, for the tests marked ``containers`` that only use it."""
    with open_postgres("container", image="airflow-harness-test/postgres") as server:
        yield server


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedPostgres]:
    """One server for the tests that only use it."""
    with EmbeddedPostgres() as server:
        yield server

"""SIGKILL to a process that owns services, at any moment: fifteen seconds later nothing of theirs is there.

No process, no port, no temporary folder; no shared memory that nobody has mapped. Containers have theirs in
`test_containers`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from owners import SAID
from processes import nobodys_memory, processes_in, shared_memory, wait_until

from harness.services.named import OURS
from harness.services.registry import service_class
from tests.containers.__main__ import no_mariadb

ROOT = Path(__file__).parents[3]
GONE_S = 15
MOMENTS = 100
PROGRAMS = {"mysql": pytest.mark.mariadb}
"""What needs programs of the machine's: their rows have the mark of its tests, and `ALL` goes without."""
EMBEDDED = sorted(name for name in {*OURS} - {*PROGRAMS} if "embedded" in service_class(name).drivers)
ALL, MORE = "all", "more"
"""In one world; the second one with those that need programs, where the machine has them."""


@dataclass(frozen=True)
class Kill:
    """One of them.

    Attributes:
        services: name of one, `ALL` or `MORE`.
        word: of the owner's after which it is killed: ``began``, ``leased``, ``used``, ``closed``.
        after_s: how long after.
    """

    services: str
    word: str
    after_s: float

    @property
    def id(self) -> str:
        """As pytest shows it."""
        return f"{self.services}-{self.word}-{self.after_s:.3f}"


QUICK = [Kill(ALL, "began", 0.05), Kill(ALL, "began", 0.6), Kill(ALL, "used", 0)]
EACH = [Kill(name, "used", 0) for name in EMBEDDED]
MOMENTS_OF_PROGRAMS = [("began", 0.05), ("began", 0.4), ("began", 0.8), ("leased", 0), ("used", 0.02), ("closed", 0.1)]


def soak() -> Iterator[Kill]:
    """The same moments every night: half of them of all services at once, which are ever so many."""
    chance = random.Random(15)
    for number in range(MOMENTS):
        services = MORE if number % 2 else EMBEDDED[number // 2 % len(EMBEDDED)]
        word = chance.choice(["began", "began", "leased", "used", "closed"])
        yield Kill(services, word, chance.uniform(0, 1.5 if word == "began" else 0.3))


def rows() -> list[object]:
    """The quick suite has a few; CI's step of the gate one of each service; the night all moments."""
    marked: list[tuple[Iterable[Kill], list[pytest.MarkDecorator]]] = [
        (QUICK, []),
        (EACH, [pytest.mark.hostile]),
        (soak(), [pytest.mark.nightly]),
    ]
    marked += [([Kill(name, *one) for one in MOMENTS_OF_PROGRAMS], [mark]) for name, mark in PROGRAMS.items()]
    return [pytest.param(kill, id=kill.id, marks=marks) for kills, marks in marked for kill in kills]


@pytest.fixture(scope="module")
def owners() -> Iterator[Callable[[dict[str, object]], int]]:
    """Starts an owner: `owners.py`."""
    words = [sys.executable, str(Path(__file__).with_name("owners.py"))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, env=environment, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout.readline() == "ready\n"

        def start(order: dict[str, object]) -> int:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield start
        process.stdin.close()


@pytest.mark.parametrize("kill", rows())
def test_nothing_is_left(kill: Kill, owners, tmp_path: Path, area: Path) -> None:
    said, mark = tmp_path / "said", tmp_path.as_posix()
    said.touch()
    before = shared_memory()
    names = services_of(kill)
    ports: set[int] = set()
    pid = owners({"services": names, "said": str(said), "area": str(area), "mark": mark})
    try:
        wait_until(lambda: {kill.word, "failed"} & {*said.read_text().split()}, timeout_s=60)
        time.sleep(kill.after_s)
        ports = ports_of(mark)
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    words = said.read_text()
    assert kill.word in words.split(), words
    assert "failed" not in words

    def left() -> list[object]:
        found = [*area.iterdir(), *processes_in(area), *marked(mark)]
        return [*found, *nobodys_memory(shared_memory() - before), *kept_ports(ports, mark)]

    assert wait_until(lambda: not left(), timeout_s=GONE_S), left()


def test_what_is_left_is_noticed(tmp_path: Path, area: Path) -> None:
    """The five ways to see it."""
    before = shared_memory()
    environment = {**os.environ, SAID: str(tmp_path)}
    name = Path(tempfile.mkstemp(prefix="faketime_shm_", dir="/dev/shm")[1]) if sys.platform == "linux" else None
    listens = "import socket, time; at = socket.create_server(('127.0.0.1', 0)); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", listens], cwd=area, env=environment)
    with socket.create_server(("127.0.0.1", 0)) as somebodys:
        theirs = somebodys.getsockname()[1]
    try:
        assert wait_until(lambda: [one.pid for one in processes_in(area)] == [process.pid])
        assert [one.pid for one in marked(str(tmp_path))] == [process.pid]
        assert wait_until(lambda: ports_of(str(tmp_path)) != set())
        [port] = ports_of(str(tmp_path))
        assert kept_ports({port, theirs}, str(tmp_path)) == [port]
        if name is not None:
            assert name.name in nobodys_memory(shared_memory() - before)
    finally:
        process.kill()
        process.wait()
        if name is not None:
            name.unlink()


def services_of(kill: Kill) -> list[str]:
    """Those that its owner has."""
    if kill.services == MORE:
        return [*EMBEDDED, *(["mysql"] if no_mariadb() is None else [])]
    return EMBEDDED if kill.services == ALL else [kill.services]


def ports_of(mark: str) -> set[int]:
    """Those that live processes of an owner listen on."""
    pids = {one.pid for one in marked(mark)}
    return {port for port, pid in listened_on() if pid in pids}


def kept_ports(ports: set[int], mark: str) -> list[int]:
    """Those that are listened on still: by the owner's processes, or by nobody whom one can name."""
    pids = {None, *(one.pid for one in marked(mark))}
    return sorted({port for port, pid in listened_on() if port in ports and pid in pids})


def listened_on() -> list[tuple[int, int | None]]:
    """Port and process of every socket of this machine that waits for clients or datagrams."""
    waiting = (psutil.CONN_LISTEN, psutil.CONN_NONE)
    return [(one.laddr.port, one.pid) for one in psutil.net_connections("inet") if one.laddr and one.status in waiting]


def marked(mark: str) -> list[psutil.Process]:
    """Live processes that the owner, or what it started, has started."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(SAID) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found

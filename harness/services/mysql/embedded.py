"""Driver: a MariaDB of this machine's own programs, in a temporary folder, kept by a reaper."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from harness.errors import ServiceUnavailable
from harness.services.account import scratch, unprivileged
from harness.services.launch import HOST, launched, words_so_far
from harness.services.mysql.address import CLOCK_VARIABLE, URL_FIX, MysqlDatabase
from harness.services.reaper import Order
from harness.services.reaper_link import ReaperLink
from harness.services.virtual_time import FILE, ServerClock, preloaded, why_real

ROLE = "harness"
FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/bin", "/opt/homebrew/bin")
"""Where packages put programs that are often not on a user's PATH."""

FIX = f"apt install mariadb-server (brew install mariadb), or use the driver container, or {URL_FIX}"

# Measured with data on disk: 3.5 s to be up and 25 ms for a table, and 1.0 s and 10 ms so. Nothing outlives a crash.
_STORAGE = (
    "--debug-no-sync",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-log-file-size=4M",
    "--innodb-data-file-path=ibdata1:3M:autoextend",
    "--innodb-autoextend-increment=1",
    "--innodb-temp-data-file-path=ibtmp1:3M:autoextend",
)
_SERVER = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=32M",
    "--innodb-buffer-pool-dump-at-shutdown=0",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--default-time-zone=+00:00",
)
_ACCOUNTS = (
    "create user {role}@'127.0.0.1' identified by '{password}';\n"
    "grant all on *.* to {role}@'127.0.0.1' with grant option;\n"
    "delete from mysql.global_priv where User not in ('{role}', 'mariadb.sys');\n"
    "flush privileges;\n"
)
"""A statement a line, as a server reads them when it starts."""


class EmbeddedMysql:
    """A server on a free port of 127.0.0.1, with a password made up for it; up in about a second, gone in 0.1.

    Attributes:
        clock: what sets SQL's clock, while the server is up; None where that is real.
    """

    title = "the embedded MySQL"

    def __init__(self) -> None:
        self._link: ReaperLink | None = None
        self.clock: ServerClock | None = None

    def start(self) -> MysqlDatabase:
        """Bring it up: whom to give orders. Raises: ServiceUnavailable."""
        server, installer = programs()
        password = secrets.token_hex(12)
        virtual = why_real(CLOCK_VARIABLE) is None
        self._link, port = launched(
            self.title, lambda port: _order(server, installer, port, password, virtual), f"see its log; {FIX}"
        )
        self.clock = ServerClock(Path(str(self._link.folder)) / FILE) if virtual else None
        return MysqlDatabase(HOST, port, ROLE, password)

    def close(self) -> None:
        """End it and remove its folder; a second call does nothing."""
        clock, self.clock = self.clock, None
        if clock is not None:
            clock.close()
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def diagnose(self) -> str | None:
        """The end of its log."""
        return words_so_far(self._link)


def programs() -> tuple[str, str]:
    """The server, and the program that makes its first tables. Raises: ServiceUnavailable: there are none."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *FOLDERS])
    server = shutil.which("mariadbd", path=path) or shutil.which("mysqld", path=path)
    installer = shutil.which("mariadb-install-db", path=path) or shutil.which("mysql_install_db", path=path)
    known = f"looked on PATH and in {', '.join(FOLDERS)}"
    if server is None:
        fact = "the embedded MySQL needs the program mariadbd, which this machine does not have"
        raise ServiceUnavailable(fact, known=known, fix=FIX)
    if installer is None:
        fact = "the embedded MySQL needs a MariaDB, and there is no mariadb-install-db beside the server that is here"
        raise ServiceUnavailable(fact, where=server, known=known, fix=FIX)
    return server, installer


def _order(server: str, installer: str, port: int, password: str, virtual: bool) -> Order:
    account = unprivileged("MySQL")
    files, to_copy = {"accounts.sql": _ACCOUNTS.format(role=ROLE, password=password)}, list[tuple[str, str]]()
    env = preloaded(account, files, to_copy) if virtual else {}
    data = "--datadir={folder}/data"
    made = ("--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
    answers = ("--init-file={folder}/accounts.sql", "--socket={folder}/socket", f"--bind-address={HOST}")
    own = ("--pid-file={folder}/data/mariadbd.pid", f"--port={port}")
    return Order(
        owner=os.getpid(),
        kind="mysql",
        parent=str(scratch(account)),
        uid=account.uid if account else None,
        gid=account.gid if account else None,
        files=files,
        copies=to_copy,
        steps=[[installer, "--no-defaults", data, *made, *_STORAGE]],
        serve=[server, "--no-defaults", data, *answers, *own, *_STORAGE, *_SERVER],
        env=env,
        ready=("{folder}/log", "ready for connections"),
    )

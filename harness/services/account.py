"""As whom a server beside us runs, and where it can live. Databases refuse to run as root, so root steps down."""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ServiceUnavailable

_ACCOUNTS = ("nobody", "postgres", "daemon")

MEMORY = Path("/dev/shm")
ROOM_BYTES = 2 * 1024**3
"""What has to be free in memory: a server takes 0.1 GB of it, and 8 MB a database, before anybody's rows."""


@dataclass(frozen=True)
class Account:
    """A user that exists in the system's table (servers look its name up)."""

    name: str
    uid: int
    gid: int


def unprivileged(title: str) -> Account | None:
    """Whom to become before starting a server; None when we are not root and stay who we are.

    Args:
        title: of the server, as it begins a sentence.
    Raises: ServiceUnavailable: root, and there is nobody to become.
    """
    if os.geteuid() != 0:
        return None
    import pwd

    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise ServiceUnavailable(
        f"{title} refuses to run as root, and this system has no other account to run it as",
        known=f"looked for {', '.join(_ACCOUNTS)}",
        fix="run as another user, or add one: useradd --system postgres",
    )


def reachable(path: Path, account: Account | None) -> bool:
    """Whether the account may walk down to ``path``, itself included, by the permission bits."""
    if account is None:
        return os.access(path, os.X_OK)
    resolved = path.resolve()
    return all(_may_enter(part.stat(), account) for part in (resolved, *resolved.parents))


def _may_enter(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def scratch(account: Account | None, runs_programs: bool = False) -> Path:
    """A folder for temporary data that the account can reach and that is not below the user's home.

    In memory where there is room, unless TMPDIR says where: a database is 300 files. ext4 without a journal, as virtual
    machines have it, takes 0.6 ms to make a file near ones that were removed in the last five minutes, and 180 ms for a
    database; memory takes 4.

    Args:
        runs_programs: some are copied there, and a server loads them.
    Raises: ServiceUnavailable: there is none.
    """
    home = Path(os.path.expanduser("~")).resolve()  # noqa: PTH111 - Path.home() raises without an account
    tried = [Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp"), MEMORY]
    if not os.environ.get("TMPDIR") and _has_room(MEMORY, runs_programs):
        tried.insert(0, MEMORY)
    for folder in tried:
        below_home = home != Path("/") and folder.is_relative_to(home)
        usable = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
        if usable and not below_home and reachable(folder, account):
            return folder
    raise ServiceUnavailable(
        f"there is no temporary folder outside {home} that {account.name if account else 'this user'} can reach",
        known=", ".join(dict.fromkeys(map(str, tried))),
        fix="set TMPDIR to a folder such as /var/tmp, mode 1777",
    )


def _has_room(memory: Path, runs_programs: bool) -> bool:
    """Docker's own is 64 MB, and nothing in it can be executed."""
    try:
        status = os.statvfs(memory)
    except OSError:  # macOS has none
        return False
    free_bytes = status.f_bavail * status.f_frsize
    return free_bytes >= ROOM_BYTES and not (runs_programs and status.f_flag & os.ST_NOEXEC)

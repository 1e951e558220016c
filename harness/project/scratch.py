"""Folders in the system's temporary one: whose they are is seen, never guessed.

Everybody may write there, so nothing below a name that can be guessed is trusted unless the folder is ours alone. A
throw-away folder is locked as long as the process that made it lives, or one that it forked: what SIGKILL left behind
is known by its lock being free, whatever has become of the process's number, also where containers share the folder.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PREFIX = "airflow-harness-scratch-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH

_locks: dict[str, int] = {}
"""By folder. Of the process: a lock is given up when its process ends, however that happens."""


def made(kind: str) -> str:
    """A new throw-away folder, mode 0700, gone when this process ends; `drop` takes it away sooner.

    Args:
        kind: a word of its name.
    """
    while True:  # a new folder is free for a moment, and somebody may sweep it then
        folder = tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-")
        try:
            lock = os.open(folder, _FOLDER)
        except FileNotFoundError:
            continue
        if _locked(lock) is not False and os.path.isdir(folder):  # noqa: PTH112 - no pathlib at plugin start
            break
        os.close(lock)
    if not _locks:
        atexit.register(_drop_all, os.getpid())
    _locks[folder] = lock
    return folder


def drop(folder: str) -> None:
    """Take a throw-away folder away."""
    shutil.rmtree(folder, ignore_errors=True)
    if (lock := _locks.pop(folder, None)) is not None:
        os.close(lock)


@contextmanager
def scratch(kind: str) -> Iterator[str]:
    """A throw-away folder for a block."""
    folder = made(kind)
    try:
        yield folder
    finally:
        drop(folder)


def sweep() -> None:
    """Remove the throw-away folders of this user whose process is gone."""
    with os.scandir(tempfile.gettempdir()) as entries:
        found = [entry.path for entry in entries if entry.name.startswith(PREFIX)]
    for path in found:
        if is_ours(path):
            _remove_if_free(path)


def is_ours(path: str) -> bool:
    """Whether a path is a folder of this user's, no link, which nobody else may write to."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_MAY_WRITE


def own(path: str) -> bool:
    """Make a folder whose name can be guessed, mode 0700, where it is not there; whether it is ours to trust.

    Raises: OSError: it cannot be made.
    """
    with suppress(FileExistsError):
        os.mkdir(path, 0o700)  # noqa: PTH102
    if not is_ours(path):
        return False
    os.chmod(path, 0o700)  # noqa: PTH101
    return True


def _remove_if_free(path: str) -> None:
    try:
        lock = os.open(path, _FOLDER)
    except OSError:  # gone meanwhile
        return
    try:
        if _locked(lock):
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(lock)


def _locked(lock: int) -> bool | None:
    """Whether we have the lock now; None where the file system has none, so that nobody can tell."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _drop_all(maker: int) -> None:
    if os.getpid() == maker:  # a fork leaves them to who made them
        for folder in list(_locks):
            drop(folder)

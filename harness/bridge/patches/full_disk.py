"""The disk of a task is full: what its code opens for writing through Python is made, and stays empty.

As with a full disk of production, the file's name is there afterwards and what was in it is gone: the next try finds it
so. Libraries that open files in C (pyarrow, sqlite3) and programs that the task starts do not come by here, and neither
a limit of the process nor a mount would reach them alone: the task shares its process with whoever rehearses it. What
they wrote in the folder that the task works in is found out afterwards, and told.
"""

from __future__ import annotations

import _io
import builtins
import errno
import io
import os
import pathlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.bridge.patches import Change
from harness.bridge.supervisor.task_context import current_task_context
from harness.project import own_folders

_WRITES = os.O_WRONLY | os.O_RDWR
_DEVICES = "/dev/"

SEEN_FILES = 20_000
"""So many files of a folder are looked at before and after a task: some milliseconds for a thousand."""

_watches: list[FilledFolder] = []
"""Those of the process: `open` is the process's too, and whoever opens a file says so to each."""


def full_disks() -> Iterator[Change]:
    """What stands in the place of the ways to open a file."""
    opened = _opened(builtins.open)
    for owner in (builtins, io, _io):
        yield owner, "open", opened
    accessor = getattr(pathlib, "_NormalAccessor", None)  # of Python 3.10, which keeps ``io.open`` for itself
    if accessor is not None:
        yield accessor, "open", staticmethod(opened)
    yield os, "open", _opened_low(os.open)


class FilledFolder:
    """A folder while a task finds no space in it.

    Args:
        folder: with those below it, but hidden ones, environments and caches.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seen: set[str] = set()
        self._before = dict(_sizes(folder))
        _watches.append(self)

    def end(self) -> list[tuple[str, int]]:
        """What was written there all the same: files relative to the folder, and their bytes."""
        _watches.remove(self)
        held = self.seen | _held_open()
        found = []
        for path, (size, changed) in _sizes(self._folder):
            if size and self._before.get(path) != (size, changed) and path not in held:
                found.append((os.path.relpath(path, self._folder), size))
        return sorted(found)


def _sizes(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Each file's bytes and when it was changed, of no more files than `SEEN_FILES`."""
    left = SEEN_FILES
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in own_folders(where, folders) if not name.startswith(".")]
        for name in files[:left]:
            path = os.path.join(where, name)  # noqa: PTH118 - of thousands
            with suppress(OSError):  # it is gone
                found = os.stat(path, follow_symlinks=False)  # noqa: PTH116
                yield path, (found.st_size, found.st_mtime_ns)
        left -= len(files)
        if left <= 0:
            return


def _held_open() -> set[str]:
    """Files that this process has open, as a ledger: whoever opened them, no task did. None where nobody can tell."""
    found = set()
    with suppress(OSError):
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                found.add(str(descriptor.readlink()))
    return found


def _opened(original: Callable[..., Any]) -> Callable[..., Any]:
    def open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:  # noqa: A001 - it stands for that
        made = original(file, mode, *args, **kwargs)
        if isinstance(mode, str) and set(mode) & set("wax+") and _is_full(file):
            made.close()
            raise _no_space(file)
        return made

    return open


def _opened_low(original: Callable[..., int]) -> Callable[..., int]:
    def open(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:  # noqa: A001 - it stands for that
        made = original(path, flags, *args, **kwargs)
        if flags & _WRITES and _is_full(path):
            os.close(made)
            raise _no_space(path)
        return made

    return open


def _is_full(file: Any) -> bool:
    """Whether the disk is, of the task whose code asks; pipes and devices have room. The fault has struck then."""
    who = current_task_context()
    if who is None or who.closed or "disk-full" not in who.faults or isinstance(file, int):
        for watch in _watches:
            with suppress(TypeError):  # a descriptor
                watch.seen.add(os.path.realpath(os.fsdecode(file)))
        return False
    with suppress(TypeError):
        if os.fsdecode(file).startswith(_DEVICES):
            return False
    who.faults["disk-full"]()
    return True


def _no_space(file: Any) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file)

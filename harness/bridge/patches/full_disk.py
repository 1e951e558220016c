"""No space left on the disk of a task: what its code opens for writing through Python is made, and stays empty.

As with a full disk of production, the file's name is there afterwards and what was in it is gone: the next try finds
it so. Not seen are libraries that open files in C, and programs that the task starts.
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
from typing import Any

from harness.bridge.patches.replaced import Change
from harness.bridge.supervisor.task_context import current_task_context

_WRITES = os.O_WRONLY | os.O_RDWR
_DEVICES = "/dev/"


def full_disks() -> Iterator[Change]:
    """What stands in the place of the ways to open a file."""
    opened = _opened(builtins.open)
    for owner in (builtins, io, _io):
        yield owner, "open", opened
    accessor = getattr(pathlib, "_NormalAccessor", None)  # of Python 3.10, which keeps ``io.open`` for itself
    if accessor is not None:
        yield accessor, "open", staticmethod(opened)
    yield os, "open", _opened_low(os.open)


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
        return False
    with suppress(TypeError):
        if os.fsdecode(file).startswith(_DEVICES):
            return False
    who.faults["disk-full"]()
    return True


def _no_space(file: Any) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file)

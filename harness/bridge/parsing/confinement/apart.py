"""The user's code, called while Dags are looked at: in a process of its own, which may reach nothing."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from harness.bridge.parsing.confinement import confine
from harness.bridge.parsing.watching.watch import ActivityWatch

_DEPENDS = "\0depends"
SECONDS = 5.0
"""Real time that it has, all in all; what it has not come to by then is not known."""


def apart(work: Callable[[], Iterable[Any]], watch: ActivityWatch, seconds: float = SECONDS) -> list[Any]:
    """Go through what calls the user's code, in a fork of this process.

    Network, changes of files, signals and new processes are refused there; sleeps take no time.

    Args:
        work: yields JSON values, each of them known as soon as it is yielded.
        seconds: real time that it has.
    Returns: what it yielded before its end, however it ended.
    """
    reader, writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            _confine(parent, watch)
            for value in work():
                os.write(writer, (json.dumps(value, default=str) + "\n").encode())
        finally:
            os.write(writer, (json.dumps({_DEPENDS: watch.depends.found}) + "\n").encode())
            os._exit(0)
    os.close(writer)
    try:
        return _yielded(_whole_lines(_received(reader, seconds)), watch)
    finally:
        os.close(reader)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _yielded(lines: list[Any], watch: ActivityWatch) -> list[Any]:
    """What was yielded; what it depended on goes to ours."""
    last = lines[-1] if lines else None
    if not isinstance(last, dict) or _DEPENDS not in last:
        watch.depends.found["unknown:"] = None  # it did not come to its end
        return lines
    for key, stamp in last[_DEPENDS].items():
        watch.depends.found.setdefault(key, stamp)
    return lines[:-1]


def _confine(parent: int, watch: ActivityWatch) -> None:
    confine.die_with_parent(parent)
    time.sleep = _no_sleep  # type: ignore[assignment]
    watch.refuses_processes = True
    watch.begin()


def _no_sleep(_seconds: float) -> None:
    """Takes the place of ``time.sleep``."""


def _received(reader: int, seconds: float) -> bytes:
    found = bytearray()
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and select.select([reader], [], [], left)[0]:
        chunk = os.read(reader, 1 << 16)
        if not chunk:
            break
        found += chunk
    return bytes(found)


def _whole_lines(data: bytes) -> list[Any]:
    found = []
    for line in data.split(b"\n")[:-1]:
        with suppress(ValueError):
            found.append(json.loads(line))
    return found

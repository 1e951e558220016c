"""The processes that a file started, found and ended, also those that left its session."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

TRIES = 100


def descendants(pid: int) -> list[int]:
    """Process ids of all below a process, that one left out (Linux; elsewhere none are known)."""
    found: list[int] = []
    rest = [pid]
    while rest:
        for child in _children(rest.pop()):
            found.append(child)
            rest.append(child)
    return found


def end_all() -> None:
    """Kill whatever descends from this process, and reap it; new ones are killed until none are left."""
    for _ in range(TRIES):
        living = descendants(os.getpid())
        for pid in living:  # held first: what is stopped cannot fork away
            with suppress(OSError):
                os.kill(pid, signal.SIGSTOP)
        for pid in descendants(os.getpid()):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        reap()
        if not living:
            return
        time.sleep(0.002)


def reap() -> dict[int, int]:
    """Wait for children that have ended, adopted ones too; pid -> wait status."""
    ended: dict[int, int] = {}
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            ended[pid] = status
    return ended


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
            with open(f"/proc/{pid}/task/{task}/children") as file:  # noqa: PTH123
                found += [int(child) for child in file.read().split()]
    except OSError:
        return found
    return found

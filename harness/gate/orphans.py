"""Processes that a Dag file starts: found while it is parsed, and ended with it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from harness.bridge.parsing.watching.watch import descendants

TOKEN = "AIRFLOW_HARNESS_RUN"
"""Environment variable of every process of one run."""
ROUNDS, TRIES = 200, 100


def end_orphans(token: str, network: str | None, spared: set[int]) -> None:
    """Kill all processes of a run but those spared and what belongs to them, until none is left.

    Args:
        token: the value of `TOKEN`.
        network: the network namespace of the lost fork server, as ``/proc/…/ns/net`` names it; None when it had none.
        spared: fork servers of the same run that are at work.
    """
    for _ in range(ROUNDS):
        found = orphans(token, network, spared)
        for number in (signal.SIGSTOP, signal.SIGKILL):  # held first: what is stopped cannot fork away
            for pid in found:
                with suppress(OSError):
                    os.kill(pid, number)
        if not found:
            return
        time.sleep(0.005)


def orphans(token: str, network: str | None, spared: set[int]) -> list[int]:
    """Processes of a run that belong to none of those spared."""
    mark = f"{TOKEN}={token}".encode()
    found = []
    for pid in _processes():
        if pid in spared or pid == os.getpid() or not _alive(pid):
            continue
        if (mark in _environment(pid) or (network and network_of(pid) == network)) and not _below(pid, spared):
            found.append(pid)
    return found


def is_stopped(pid: int) -> bool:
    """Whether a process stands still since somebody sent it SIGSTOP."""
    return _state(pid) == "T"


def _processes() -> list[int]:
    with suppress(OSError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    return []


def _environment(pid: int) -> list[bytes]:
    with suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
        return file.read().split(b"\0")
    return []


def network_of(pid: int) -> str | None:
    """The name of a process's network namespace; None when it is gone, or there are none."""
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/ns/net")  # noqa: PTH115
    return None


def _below(pid: int, above: set[int]) -> bool:
    """Whether a process descends from one of those."""
    while pid > 1:
        pid = _parent(pid)
        if pid in above:
            return True
    return False


def _stat(pid: int) -> list[str]:
    with suppress(OSError), open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        return file.read().rpartition(")")[2].split()
    return []


def _state(pid: int) -> str:
    return next(iter(_stat(pid)), "")


def _alive(pid: int) -> bool:
    return _state(pid) not in ("Z", "X", "")


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if len(fields) > 1 else 0


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

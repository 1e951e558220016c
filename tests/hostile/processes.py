"""Processes of a run, looked for from outside: whatever it leaves must not be there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path


def marked(entry: str) -> set[int]:
    """Living processes with this ``NAME=value`` in their environment; this one is not meant."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                if entry.encode() in (folder / "environ").read_bytes().split(b"\0") and state not in "ZX":
                    found.add(int(folder.name))
            except OSError:
                continue
    return found


def asleep(seconds: str) -> set[int]:
    """Living programs ``sleep`` of so many seconds, the corpus's own."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if (folder / "cmdline").read_bytes() == f"sleep\0{seconds}\0".encode():
                    found.add(int(folder.name))
            except OSError:
                continue
    return found


def becomes(expected: object, look: Callable[[], object], patience_s: float) -> bool:
    """Whether what is looked at is as expected, now or soon."""
    until = time.monotonic() + patience_s
    while look() != expected:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True

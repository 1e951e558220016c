"""Looking at real processes, for the tests of services."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def processes_in(folder: Path | str) -> list[psutil.Process]:
    """Live processes that work in or below a folder: a PostgreSQL and all its children do."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(folder)) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until(condition: Callable[[], object], timeout_s: float = 10) -> object:
    """The first true value of ``condition``, or its last."""
    deadline_s = time.monotonic() + timeout_s
    while not (value := condition()) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    return value


def shared_memory() -> set[str]:
    """Names that programs share memory by, of those that PostgreSQL and libfaketime choose."""
    memory = Path("/dev/shm")  # macOS has no such folder
    return {one.name for one in memory.glob("*") if one.name.startswith(("PostgreSQL.", "faketime_", "sem.faketime_"))}


def nobodys_memory(names: set[str]) -> set[str]:
    """Those of the names that no live process has mapped: what was killed left them behind."""
    found = names & shared_memory()
    for maps in Path("/proc").glob("[0-9]*/maps"):
        if not found:
            break
        try:
            text = maps.read_text()
        except OSError:  # it has ended
            continue
        found = {name for name in found if f"/dev/shm/{name}" not in text}
    return found

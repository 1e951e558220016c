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

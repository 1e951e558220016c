"""Coverage of code that runs in greenlets, without ``concurrency = greenlet`` in anybody's configuration.

coverage.py's tracer keeps a stack of the frames it is in, one a thread; greenlets that take turns would mix it up, and
lines would be counted for another file or not at all. So each process runs under a tracer of its own, made the way
coverage makes one for a new thread (``threading.settrace``), and the tracers change with the processes. Does nothing
without coverage, or with its ``sysmon`` core, which keeps no stack. Other trace functions (debuggers) are left alone.
"""

from __future__ import annotations

import sys
import threading
from typing import Any


class Tracers:
    """The tracers of one simulation's processes; those of ended processes serve new ones."""

    def __init__(self) -> None:
        self._idle: list[Any] = []

    def fresh(self) -> Any:
        """The trace function for a process that begins; None unless coverage traces."""
        if not _is_coverage(sys.gettrace()):
            return None
        if self._idle:
            return self._idle.pop()
        made = threading.gettrace()
        return made if _is_coverage(made) else None

    def give_back(self, tracer: Any) -> None:
        """A process ended: its tracer is free."""
        if _is_coverage(tracer):
            self._idle.append(tracer)


def _is_coverage(tracer: Any) -> bool:
    if tracer is None:
        return False
    module = getattr(tracer, "__module__", None) or type(tracer).__module__
    return str(module).partition(".")[0] == "coverage"

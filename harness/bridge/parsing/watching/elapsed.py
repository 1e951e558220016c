"""How long a file takes to import, on a machine that does other things too, and how much of that is which package's."""

from __future__ import annotations

import builtins
import importlib.machinery
import os
import threading
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from harness.bridge.parsing.watching import Users

globals()["__builtins__"] = dict(vars(builtins))


class Stopwatch:
    """Real time, less what this thread stood in the queue for a processor (Linux: ``schedstat``).

    Sleeps, reads and waits for others count, as they do in production; that neighbours are busy does not.
    """

    def __init__(self) -> None:
        self._now, self._open, self._read, self._close = time.perf_counter, os.open, os.read, os.close
        self._began = self._queued = 0.0

    def start(self) -> None:
        """From now on."""
        self._queued = self._in_queue()
        self._began = self._now()

    def stop(self) -> float:
        """Seconds since `start`."""
        elapsed = self._now() - self._began
        return max(0.0, elapsed - (self._in_queue() - self._queued))

    def _in_queue(self) -> float:
        try:
            descriptor = self._open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:
            return self._queued
        try:
            return int(self._read(descriptor, 100).split()[1]) / 1e9
        finally:
            self._close(descriptor)


class Imports:
    """Measures imports of packages from the repository's own code, in a process that is thrown away.

    Attributes:
        seconds: name of a package that the repository's code imports -> real seconds, with all that it imports itself.
    """

    def __init__(self, users: Users) -> None:
        self.seconds: dict[str, float] = {}
        self._users, self._within = users, False
        self._now, self._ident, self._own = time.perf_counter, threading.get_ident, threading.get_ident()
        for loader in (importlib.machinery.SourceFileLoader, importlib.machinery.ExtensionFileLoader):
            setattr(loader, "exec_module", self._measured(loader.exec_module))  # noqa: B010 - methods, for mypy

    def forget(self) -> None:
        """Another file follows."""
        self.seconds.clear()

    def _measured(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def exec_module(loader: Any, module: ModuleType) -> Any:
            if self._within or self._ident() != self._own or self._users.own(str(getattr(loader, "path", ""))):
                return original(loader, module)
            self._within, began = True, self._now()
            try:
                return original(loader, module)
            finally:
                self._within = False
                package = module.__name__.partition(".")[0]
                self.seconds[package] = self.seconds.get(package, 0.0) + self._now() - began

        return exec_module

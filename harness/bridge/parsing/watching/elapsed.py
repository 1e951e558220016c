"""How long a file takes to import, on a machine that does other things too."""

from __future__ import annotations

import builtins
import os
import time

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

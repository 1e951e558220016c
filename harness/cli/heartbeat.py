"""Whoever waits for a command hears from it, in lines that come and go on a terminal, or one every ten real seconds.

Nothing here imports rich before a line is shown: a check that is answered from the cache imports little.
"""

from __future__ import annotations

import _thread
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from types import TracebackType
from typing import IO, Any

from harness.text import clean

EVERY_S = 10.0
TRUSTED = 0.02
"""Part of the whole that must be done before the rest is estimated by it."""

FIRST_CHECK_S = 1.0


class Heartbeat:
    """A thread that looks at the real clock; the simulation's own is no clock to wait by.

    It is none of ``threading``'s, so that tasks which count threads do not see it, and it imports nothing: a task may
    fork at any moment.

    Args:
        stream: where a line goes.
        text: says how far it is, from the real seconds that have passed.
        every_s: real seconds between two lines, and before the first.
    """

    def __init__(self, stream: IO[str], text: Callable[[float], str], every_s: float = EVERY_S) -> None:
        self._stream, self._text, self._every_s = stream, text, every_s
        self._over = _thread.allocate_lock()
        self._began, self._process = perf_counter(), os.getpid()

    def begin(self) -> None:
        """Start the thread."""
        self._over.acquire()
        _thread.start_new_thread(self._beat, ())

    def end(self) -> None:
        """Say nothing any more."""
        with suppress(RuntimeError):  # it never began, or is over
            self._over.release()

    def _beat(self) -> None:
        while not self._over.acquire(timeout=self._every_s):
            line = clean(f"airflow-harness: {self._text(perf_counter() - self._began)}")
            with suppress(Exception):  # the stream is closed, the process ends
                self._stream.write(f"{line}\n")
                self._stream.flush()
        self._over.release()


def so_far(elapsed_s: float, part: float | None) -> str:
    """Real time so far and, where it can be known, still to come.

    Args:
        part: what is done of the whole, 0 to 1; None when nobody knows the whole.
    """
    text = f"{_rough(elapsed_s)} so far"
    if part is None or not TRUSTED <= part <= 1:
        return text
    return f"{text}, about {_rough(max(elapsed_s * (1 - part) / part, 1))} left"


def _rough(seconds: float) -> str:
    """``12 s``, ``4 min``, ``2 h 10 min``."""
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


class CheckProgress:
    """A line that comes and goes; nothing where the stream is no terminal.

    Args:
        stream: where to.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._over = stream, False
        self._progress: Any = None
        self._task: Any = None
        self._done, self._of, self._file = 0, 0, ""
        self._lock = threading.Lock()
        self._timer = threading.Timer(FIRST_CHECK_S, self._begin)
        self._timer.daemon = True

    def __enter__(self) -> CheckProgress:
        """Wait for the first second."""
        if self._stream.isatty():
            self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take the line away."""
        self._timer.cancel()
        with self._lock:
            if self._progress is not None:
                self._progress.stop()
            self._over = True

    def file_done(self, done: int, of: int, file: str) -> None:
        """So many files are done."""
        with self._lock:
            self._done, self._of, self._file = done, of, file.rpartition("/")[2]
            self._show()

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        with self._lock:
            if self._over:
                return
            columns = (TimeElapsedColumn(), BarColumn(24), MofNCompleteColumn(), TextColumn("{task.description}"))
            console = Console(file=self._stream, markup=False, highlight=False)
            self._progress = Progress(*columns, console=console, transient=True)
            self._task = self._progress.add_task("starting Airflow", total=None)
            self._progress.start()
            self._show()

    def _show(self) -> None:
        if self._progress is not None and self._of:
            self._progress.update(self._task, completed=self._done, total=self._of, description=self._file)

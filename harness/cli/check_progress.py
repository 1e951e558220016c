"""How far ``airflow-harness check`` is: on a terminal, after a second, on stderr.

Apart from `harness.cli.progress`, which imports rich: a check that is answered from the cache imports little.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import IO, Any

FIRST_CHECK_S = 1.0


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

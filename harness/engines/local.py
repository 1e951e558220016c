"""Who does parts of a work elsewhere: processes forked from this one."""

from __future__ import annotations

import os
import pickle
import signal
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count
from multiprocessing.context import ForkContext, ForkProcess
from pathlib import Path
from typing import Any, Protocol

from harness.project.parent_death import end_with_parent
from harness.project.scratch import scratch


class Engine(Protocol):
    """Does parts of a work elsewhere.

    Attributes:
        workers: how many it does at a time.
        losses: what a future raises where a worker ended before its part was done.
    """

    workers: int
    losses: tuple[type[Exception], ...]

    def submit(self, part: Any) -> Future[Any]:
        """Have a part done."""

    def result(self, future: Future[Any]) -> Any:
        """What came of it; waits for it."""

    def renew(self) -> None:
        """Drop what goes on; also after a loss."""


Work = Callable[[Any], Any]
"""Does a part."""

_jobs: dict[int, Work] = {}
"""What forked processes do, by a number: they inherit it, with the Dags, mocks and worlds of a test in it."""
_numbers = count()


def _inherited(number: int, part: Any, file: Path) -> None:
    """Do a part and write what came of it to a file.

    Not back through the executor's pipe: whoever is killed while he writes a long message there leaves half of it, and
    the executor waits for the other half for ever.
    """
    file.write_bytes(pickle.dumps(_jobs[number](part)))


def _begin(owner: int) -> None:
    """A worker begins. Ctrl-C reaches the whole group of the terminal: its owner alone decides what comes of it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    end_with_parent(owner, signal.SIGKILL)


class OwnProcesses(ForkContext):
    """Forks, and knows whom it forked: of the children of this process others are a test's, or a library's.

    Attributes:
        made: the processes, the first ones first.
    """

    def __init__(self) -> None:
        self.made: list[ForkProcess] = []

    def Process(self, *given: Any, **options: Any) -> ForkProcess:  # type: ignore[override] # noqa: N802
        """A process that can be started. Source: ``ProcessPoolExecutor._spawn_process`` asks for it so."""
        self.made.append(ForkProcess(*given, **options))
        return self.made[-1]


class LocalWorkers:
    """Processes forked from this one when the first part is given to them: what was loaded until then is there.

    Args:
        workers: how many.
        work: what they do.
    """

    losses: tuple[type[Exception], ...] = (BrokenExecutor,)

    def __init__(self, workers: int, work: Work) -> None:
        self.workers, self._work = workers, work
        self._number = next(_numbers)
        self._pool: ProcessPoolExecutor | None = None
        self._processes = OwnProcesses()
        self._files: dict[Future[Any], Path] = {}

    @contextmanager
    def open(self) -> Iterator[LocalWorkers]:
        """For the block; what still works at its end is killed."""
        _jobs[self._number] = self._work
        with scratch("parts") as folder:
            self._folder = Path(folder)
            try:
                yield self
            finally:
                del _jobs[self._number]
                self.renew()

    def submit(self, part: Any) -> Future[Any]:
        """See `Engine`."""
        file = self._folder / f"{next(_numbers)}"
        with warnings.catch_warnings():
            # of Python 3.12 and later, where threads go on here: a worker asks none of them for anything
            warnings.filterwarnings("ignore", r"This process \(pid=\d+\) is multi-threaded", DeprecationWarning)
            if self._pool is None:
                self._processes = OwnProcesses()
                self._pool = ProcessPoolExecutor(self.workers, self._processes, _begin, (os.getpid(),))
            future: Future[Any] = self._pool.submit(_inherited, self._number, part, file)
        self._files[future] = file
        return future

    def result(self, future: Future[Any]) -> Any:
        """See `Engine`."""
        future.result()
        file = self._files.pop(future)
        found = pickle.loads(file.read_bytes())
        file.unlink()
        return found

    def renew(self) -> None:
        """See `Engine`: end the processes; others are forked when a part is given."""
        pool, self._pool = self._pool, None
        self._files.clear()
        if pool is None:
            return
        for process in self._processes.made:
            if process.pid is not None:  # it was started
                with suppress(OSError):
                    process.kill()
        pool.shutdown(wait=True, cancel_futures=True)

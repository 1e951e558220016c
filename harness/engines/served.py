"""Parts done by children of this process, programs of their own that load what they work with themselves."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.engines.serving import Job, ServerLost, ServingChildren
from harness.project.scratch import sweep


@dataclass(frozen=True, slots=True)
class ServedPart:
    """A part, and the job that it is one of."""

    job: Job
    part: Any


class ServedWorkers:
    """Children, each for parts of one job, one behind the other; a part of another job has another one started.

    Args:
        workers: how many work at a time.
    """

    losses: tuple[type[Exception], ...] = (ServerLost, CancelledError)

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._children = ServingChildren()
        self._threads: ThreadPoolExecutor | None = None

    @contextmanager
    def open(self) -> Iterator[ServedWorkers]:
        """For the block; what still works at its end is killed."""
        try:
            yield self
        finally:
            self.renew()

    def submit(self, part: ServedPart) -> Future[Any]:
        """See `harness.engines.local.Engine`."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self.workers, "served")
        return self._threads.submit(self._children.served, part.job, pickle.dumps(part.part))

    def result(self, future: Future[Any]) -> Any:
        """See `harness.engines.local.Engine`."""
        return pickle.loads(future.result())

    def renew(self) -> None:
        """See `harness.engines.local.Engine`: end the children; others are started when a part is given."""
        threads, self._threads = self._threads, None
        if threads is None:
            return
        threads.shutdown(wait=False, cancel_futures=True)
        self._children.end()
        threads.shutdown(wait=True)
        self._children = ServingChildren()
        sweep()  # the homes of those that were killed

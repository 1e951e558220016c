"""What executors were given: begun at once, or when one of their workers is free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from harness.kernel import Event
from harness.scheduler.executors import Broker, executor_of
from harness.scheduler.queueing import Limits


class Begun(Protocol):
    """What a worker does of a workload; `harness.kernel.process.Process` is one.

    Attributes:
        alive: not yet ended.
    """

    alive: bool


class Workload:
    """One stretch of a task instance, or a callback.

    Args:
        start: makes the process that does the work.
        executor: the name it asks for, None for the default executor.
    Attributes:
        process: None until a worker has it.
        timeout: happens when no worker takes it in time.
        stale: nobody wants it any more; the worker that takes it sees so, and has done.
    """

    __slots__ = ("executor", "process", "queue", "stale", "start", "timeout")

    def __init__(self, start: Callable[[], Begun], executor: str | None, queue: str) -> None:
        self.start, self.executor, self.queue = start, executor, queue
        self.process: Begun | None = None
        self.timeout: Event | None = None
        self.stale = False


class Workloads:
    """The way of workloads to their workers.

    Attributes:
        waiting: how many no worker has taken.
        stale: those of them that nobody wants any more; each has a slot of its executor all the same.
    """

    def __init__(self, limits: Limits) -> None:
        self._executors = limits.executors
        self.waiting = 0
        self.stale: dict[Workload, None] = {}
        names = dict.fromkeys(worker.executor for worker in limits.workers)
        self._brokers = {
            name: Broker[Workload]([one for one in limits.workers if one.executor == name], _is_busy) for name in names
        }

    @property
    def are_taken(self) -> bool:
        """Whether any executor has workers; without them what is handed over begins at once."""
        return bool(self._brokers)

    def give(self, workload: Workload) -> bool:
        """Hand over a workload; whether it begins at once. Otherwise `take` has it begin."""
        broker = self._broker(workload)
        if broker is None:
            workload.process = workload.start()
            return True
        broker.put(workload, workload.queue)
        self.waiting += 1
        return False

    def take(self) -> bool:
        """Have what free workers can take begin; whether a slot is free again that something stale had."""
        before = len(self.stale)
        for broker in self._brokers.values() if self.waiting else ():
            while taken := broker.take():
                for workload in taken:
                    self._leave(workload)
                    if not workload.stale:
                        workload.process = workload.start()
        return len(self.stale) < before

    def revoke(self, workload: Workload) -> bool:
        """Forget a workload that no worker has taken; whether it was one."""
        broker = self._broker(workload)
        if broker is None or not broker.revoke(workload):
            return False
        self._leave(workload)
        return True

    def abandon(self, workload: Workload) -> None:
        """A task instance has ended without the worker it waited for: nobody tells the executor.

        Source: ``DagRun.update_state`` at a ``dagrun_timeout``; ``BaseExecutor.slots_occupied`` (3.3.2).
        """
        broker = self._broker(workload)
        if broker is None or broker.why(workload) is None:
            return
        workload.stale = True
        self.stale[workload] = None
        if workload.timeout is not None:
            workload.timeout.cancel()

    def why(self, workload: Workload) -> str | None:
        """Why it waits, None when it does not."""
        broker = self._broker(workload)
        return None if broker is None else broker.why(workload)

    def _leave(self, workload: Workload) -> None:
        self.waiting -= 1
        self.stale.pop(workload, None)
        if workload.timeout is not None:
            workload.timeout.cancel()

    def _broker(self, workload: Workload) -> Broker[Workload] | None:
        if not self._brokers:
            return None
        executor = executor_of(workload.executor, self._executors)
        return self._brokers.get("" if executor is None else executor.name)


def _is_busy(workload: Workload) -> bool:
    return not workload.stale and (workload.process is None or workload.process.alive)

"""Workers that serve queues, and which of them takes what was queued: an executor such as Celery's.

An executor without workers begins at once what it is given: its slots are all there is to wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

from harness.kernel.instant import SECOND, Microseconds
from harness.scheduler.model import SCHEDULED, TaskInstance

Workload = TypeVar("Workload")

TASK_QUEUED_TIMEOUT: Microseconds = 600 * SECOND
"""Default of Airflow's ``[scheduler] task_queued_timeout``."""

NUM_STUCK_IN_QUEUED_RETRIES = 2
"""Default of Airflow's ``[scheduler] num_stuck_in_queued_retries``."""


@dataclass(frozen=True, slots=True)
class WorkerSlots:
    """A worker: ``airflow celery worker -q queues -c concurrency``.

    Attributes:
        executor: name of the executor it works for.
        concurrency: workloads it runs at once.
    """

    name: str
    executor: str
    queues: frozenset[str]
    concurrency: int


class Broker(Generic[Workload]):
    """The queues between an executor and its workers.

    What waits is taken in the order it was queued. Of several workers that could take a workload it is the one declared
    first: in production that is left to chance, and so is which of its queues a worker turns to.

    Args:
        workers: of this executor.
        busy: whether a workload that was taken still has its worker.
    """

    def __init__(self, workers: Collection[WorkerSlots], busy: Callable[[Workload], bool]) -> None:
        self._workers, self._busy = tuple(workers), busy
        self._waiting: dict[Workload, str] = {}
        self._taken: dict[Workload, WorkerSlots] = {}

    def put(self, workload: Workload, queue: str) -> None:
        """Queue a workload behind those that wait."""
        self._waiting[workload] = queue

    def revoke(self, workload: Workload) -> bool:
        """Take a workload out of its queue; whether it was in one.

        Source: airflow/executors/base_executor.py `BaseExecutor.revoke_task` (3.3.2).
        """
        return self._waiting.pop(workload, None) is not None

    def take(self) -> list[Workload]:
        """What free workers take now, in the order it was queued; each is theirs until it is ``busy`` no more."""
        self._taken = {one: worker for one, worker in self._taken.items() if self._busy(one)}
        used: dict[str, int] = {}
        for worker in self._taken.values():
            used[worker.name] = used.get(worker.name, 0) + 1
        found = []
        for workload, queue in list(self._waiting.items()):
            for worker in self._workers:
                if queue in worker.queues and used.get(worker.name, 0) < worker.concurrency:
                    used[worker.name] = used.get(worker.name, 0) + 1
                    self._taken[workload] = worker
                    del self._waiting[workload]
                    found.append(workload)
                    break
        return found

    def why(self, workload: Workload) -> str | None:
        """Why a workload waits, None for one that does not."""
        queue = self._waiting.get(workload)
        if queue is None:
            return None
        serving = [worker.name for worker in self._workers if queue in worker.queues]
        if not serving:
            return f"no worker serves queue '{queue}'"
        return f"no free worker for queue '{queue}' ({', '.join(serving)})"


def requeue_stuck(ti: TaskInstance, times: int, retries: int = NUM_STUCK_IN_QUEUED_RETRIES) -> bool:
    """Schedule an instance anew that no worker took in time; its try stays the same.

    Args:
        times: how often that was done since it was last running, in this try.
    Returns: False, with nothing changed, when it was done often enough: the instance then fails, tries left or not.
    Source: airflow/jobs/scheduler_job_runner.py `_handle_tasks_stuck_in_queued`, `_maybe_requeue_stuck_ti`,
    `_get_num_times_stuck_in_queued` (3.3.2).
    """
    if times >= retries:
        return False
    ti.state = SCHEDULED
    return True

"""Executors: which one a task means, the turn in which they are given work, and the workers that serve their queues.

An executor without workers begins at once what it is given: its slots are all there is to wait for. One with workers is
an executor such as Celery's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from harness.kernel.instant import SECOND, Microseconds
from harness.scheduler.model import SCHEDULED, TaskInstance


@dataclass(frozen=True, slots=True)
class ExecutorSlots:
    """One configured executor.

    Attributes:
        name: for people, as it is configured.
        slots: workloads it takes at once, queued and running ones (``BaseExecutor.parallelism``).
        names: what ``executor=`` of a task may say to mean it: its alias, its module path, its class name.
    """

    name: str
    slots: int
    names: frozenset[str]


def executor_of(name: str | None, executors: Iterable[ExecutorSlots]) -> ExecutorSlots | None:
    """The executor of a task that asks for ``name``: the first one when it asks for none; None for an unknown name.

    Source: airflow/jobs/scheduler_job_runner.py `_try_to_load_executor` (3.3.2; 3.1.8 does not look at class names).
    """
    return next((one for one in executors if name is None or name in one.names), None)


def slots_taken(executor: ExecutorSlots, taken: Mapping[str | None, int], executors: tuple[ExecutorSlots, ...]) -> int:
    """Workloads that an executor has.

    Args:
        taken: workloads by the name they ask for, None for the default.
    Source: airflow/executors/base_executor.py `BaseExecutor.slots_occupied` (3.3.2).
    """
    return sum(count for name, count in taken.items() if executor_of(name, executors) is executor)


def in_turn(admitted: Iterable[TaskInstance], executors: tuple[ExecutorSlots, ...]) -> list[TaskInstance]:
    """What a loop admitted in the order in which the executors get it: one executor after the other.

    The executor of the first instance comes first; within one, the order stays.
    Source: airflow/jobs/scheduler_job_runner.py `_executor_to_workloads`,
    `_critical_section_enqueue_task_instances` (3.3.2).
    """
    if len(executors) < 2:
        return list(admitted)
    turns: dict[str, list[TaskInstance]] = {}
    for ti in admitted:
        executor = executor_of(ti.task.executor, executors)
        turns.setdefault("" if executor is None else executor.name, []).append(ti)
    return [ti for turn in turns.values() for ti in turn]


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

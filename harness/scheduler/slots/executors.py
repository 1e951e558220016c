"""The executors that are configured: which one a task means, and the turn in which they are given work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.scheduler.model import TaskInstance


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

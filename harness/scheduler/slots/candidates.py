"""Scheduled task instances waiting for a slot, held in the order the queue takes them."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator

from harness.scheduler.model import TaskInstance

Place = tuple[int, bool, int, int, int, int, str, str, int, str]


def place_of(ti: TaskInstance) -> Place:
    """Where an instance stands in the queue: ``-priority_weight``, logical date, ``map_index``.

    Runs without logical date come last, as PostgreSQL sorts them. Ties are undefined in Airflow; databases mostly
    return rows as they were inserted: in the order of the runs' creation, then of the tasks' definition.
    Source: airflow/jobs/scheduler_job_runner.py `_executable_task_instances_to_queued` (3.3.2).
    """
    run = ti.run
    return (
        -ti.task.priority_weight,
        run.logical_date is None,
        run.logical_date or 0,
        ti.map_index,
        run.ordinal,
        run.run_after,
        run.dag.dag_id,
        run.run_id,
        ti.task.place,
        ti.task.task_id,
    )


class Candidates:
    """A sorted set of scheduled instances, pool by pool: a full pool's are passed over at no cost.

    Adding and taking out costs a binary search, so that a backlog of thousands does not slow each decision.
    """

    def __init__(self, instances: Iterable[TaskInstance] = ()) -> None:
        self._pools: dict[str, list[tuple[Place, TaskInstance]]] = {}
        self._places: dict[TaskInstance, Place] = {}
        for ti in instances:
            self.add(ti)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, ti: TaskInstance) -> bool:
        return ti in self._places

    def add(self, ti: TaskInstance) -> None:
        """Put an instance in; again changes nothing."""
        if ti not in self._places:
            place = self._places[ti] = place_of(ti)
            insort(self._pools.setdefault(ti.task.pool, []), (place, ti), key=_place)

    def discard(self, ti: TaskInstance) -> None:
        """Take an instance out; harmless when it is not in."""
        place = self._places.pop(ti, None)
        if place is None:
            return
        line = self._pools[ti.task.pool]
        at = bisect_left(line, place, key=_place)
        while line[at][1] is not ti:
            at += 1
        del line[at]

    def in_order(self, without_pools: Collection[str] = ()) -> Iterator[TaskInstance]:
        """The instances in the queue's order, those of some pools left out."""
        lines = [line for pool, line in self._pools.items() if line and pool not in without_pools]
        if len(lines) == 1:
            return (ti for _, ti in lines[0])
        return (ti for _, ti in heapq.merge(*lines, key=_place))


def _place(entry: tuple[Place, TaskInstance]) -> Place:
    return entry[0]

"""An order for what Airflow leaves to chance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from airflow.models import DagRun, TaskInstance

from harness.bridge.snapshot import topological

PLACE = "_place_in_turn"


@contextmanager
def rows_in_dag_order() -> Iterator[None]:
    """Have the scheduler examine a run's instances in topological order, ties by name, then by map index.

    ``DagRun.get_task_instances`` has no ORDER BY. What maps over a task sees whether that was skipped in the same
    pass, if it is examined after it.
    """
    fetch = DagRun.get_task_instances
    known: dict[int, tuple[Any, dict[str, int]]] = {}

    def fetched(self: DagRun, *args: Any, **options: Any) -> list[TaskInstance]:
        found: list[TaskInstance] = fetch(self, *args, **options)
        if self.dag is None:
            return found
        if id(self.dag) not in known:
            known[id(self.dag)] = (self.dag, {task.task_id: n for n, task in enumerate(topological(self.dag))})
        places = known[id(self.dag)][1]
        return sorted(found, key=lambda ti: (places.get(ti.task_id, len(places)), ti.map_index))

    with patch.object(DagRun, "get_task_instances", fetched):
        yield


@contextmanager
def turns_in_queue_order(dag: Any) -> Iterator[None]:
    """Have ``dag.test()`` run what one pass scheduled as `harness.simulation.components.scheduler_loop` does.

    That is the order of the queue (weight, map index, definition), sensors last.

    It walks through a set of task instances, hashed by strings, so the order differs from process to process; who
    runs first decides who is skipped when a branch or ``fail_fast`` strikes. Here each instance is hashed by its place
    in the order, counted from 0 among those scheduled: a set of small numbers is walked through in their order.
    """
    definition = {task_id: (task._is_sensor, place) for place, (task_id, task) in enumerate(dag.task_dict.items())}
    fetch, by_name = DagRun.get_task_instances, TaskInstance.__hash__

    def place(ti: TaskInstance) -> tuple[bool, bool, int, int, int]:
        sensor, number = definition.get(ti.task_id, (False, -1))
        return (ti.state != "scheduled", sensor, -ti.priority_weight, ti.map_index, number)

    def fetched(self: DagRun, *args: Any, **options: Any) -> list[TaskInstance]:
        found: list[TaskInstance] = fetch(self, *args, **options)
        for number, ti in enumerate(sorted(found, key=place)):
            ti.__dict__[PLACE] = number
        return found

    def by_place(ti: TaskInstance) -> int:
        known: int | None = ti.__dict__.get(PLACE)
        return by_name(ti) if known is None else known

    with patch.object(DagRun, "get_task_instances", fetched), patch.object(TaskInstance, "__hash__", by_place):
        yield

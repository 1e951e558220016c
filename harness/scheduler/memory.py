"""Which instances a scheduling pass must examine: those whose surroundings changed since the last one.

A pass over a run of thousands of instances would otherwise cost the same after each of them. What an instance's
dependencies look at is known from the wiring, so a state that changed concerns its watchers only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from operator import ne
from typing import Literal

from harness.scheduler.lengths import NotPopulated, mapped_count
from harness.scheduler.model import (
    FINISHED,
    SCHEDULEABLE,
    UP_FOR_RESCHEDULE,
    UP_FOR_RETRY,
    Dag,
    DagRun,
    Key,
    Task,
    TaskInstance,
    TaskState,
)
from harness.scheduler.wiring import mapped_watchers_of, unmapped_keys_of, watchers_of, wiring_of

SeenState = TaskState | Literal["changed"] | None
"""A state as it was looked at, or that a pass gave one since."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the memories of all runs of a Dag have in common whose tasks have one instance each, in the Dag's order.

    To find it out for each run took as long as two of its passes.

    Attributes:
        watching: by place, the places of those that look at the instance there.
    """

    tasks: list[Task]
    places: dict[Key, int]
    watching: list[tuple[int, ...]]


def _layout_of(dag: Dag) -> _Layout | None:
    """Of a Dag in which nothing is mapped; None of any other."""
    if "layout" not in dag.derived:
        dag.derived["layout"] = None
        if not any(task.needs_expansion for task in dag.tasks.values()):
            places = {key: place for place, key in enumerate(unmapped_keys_of(dag).values())}
            watchers = [watchers_of(dag).get(task_id, ()) for task_id in dag.tasks]
            watching = [tuple(places[one.task_id, -1] for one in each) for each in watchers]
            dag.derived["layout"] = _Layout(list(dag.tasks.values()), places, watching)
    found: _Layout | None = dag.derived["layout"]
    return found


class Memory:
    """The instances of a run and their states when the last pass began.

    Attributes:
        by_task: the instances by task id, in the run's order; left out where no task has more than one.
        in_order: all of them, in the order of the Dag, then by map index. Airflow asks in the order of SQL rows, which
            has none (``DagRun.get_task_instances``, 3.3.2).
        ready: were found ready; looked at again until they are scheduled.
    """

    __slots__ = ("_dag", "_layout", "_past", "_place", "_rank", "_states", "_tis", "by_task", "in_order", "ready")

    def __init__(self, run: DagRun, tis: list[TaskInstance]) -> None:
        self._dag, self._tis = run.dag, tis
        self._states: list[SeenState] = []
        self.ready: list[TaskInstance] = []
        self._past = [ti for ti in tis if ti.task.depends_on_past]
        self._layout = _layout_of(run.dag)
        self.by_task: dict[str, list[TaskInstance]] = {}
        self._rank: dict[int, int] = {}
        if self._layout is not None and [ti.task for ti in tis] == self._layout.tasks:
            self._place, self.in_order = self._layout.places, tis
            return
        self._layout, self._place = None, {}
        for place, ti in enumerate(tis):
            self.by_task.setdefault(ti.task.task_id, []).append(ti)
            self._place[ti.key] = place
        wiring = wiring_of(run.dag)
        self.in_order = sorted(tis, key=lambda ti: (wiring[ti.task_id].position, ti.map_index))
        self._rank = {self._place[ti.key]: rank for rank, ti in enumerate(self.in_order)}

    def is_of(self, run: DagRun, tis: list[TaskInstance]) -> bool:
        """Whether the run still has this Dag and these instances, in this order."""
        return self._dag is run.dag and self._tis == tis

    def examine(self, run: DagRun, states: list[SeenState]) -> list[TaskInstance]:
        """The schedulable instances to look at, in the order of the Dag; ``states`` are remembered."""
        places: set[int] = set()
        if not self._states:
            places.update(range(len(states)))
        else:
            self._follow(run, states, places)
        self._states = states
        if self.ready:
            self.ready = [ti for ti in self.ready if ti.state in SCHEDULEABLE]
            places.update(self._place[ti.key] for ti in self.ready)
        if self._layout is not None:
            return [self._tis[place] for place in sorted(places) if states[place] in SCHEDULEABLE]
        self._maps_over(run, places)
        return [
            self._tis[place] for place in sorted(places, key=self._rank.__getitem__) if states[place] in SCHEDULEABLE
        ]

    def changed(self, instances: list[TaskInstance]) -> None:
        """Instances a pass gave a state: looked at again even if somebody takes that back before the next one."""
        for ti in instances:
            place = self._place.get(ti.key)
            if place is not None:
                self._states[place] = "changed"

    def _follow(self, run: DagRun, states: list[SeenState], places: set[int]) -> None:
        for place in compress(range(len(states)), map(ne, states, self._states)):
            places.add(place)
            if states[place] in FINISHED or self._states[place] in FINISHED:
                if self._layout is not None:
                    places.update(self._layout.watching[place])
                else:
                    self._watchers(run, self._tis[place], places)
        if UP_FOR_RETRY in states or UP_FOR_RESCHEDULE in states:
            places.update(n for n, state in enumerate(states) if state in (UP_FOR_RETRY, UP_FOR_RESCHEDULE))
        if self._past:
            places.update(self._place[ti.key] for ti in self._past)

    def _maps_over(self, run: DagRun, places: set[int]) -> None:
        """Add what maps over an instance that is examined: it sees the state that one is given in the same pass."""
        watchers = mapped_watchers_of(run.dag)
        queue = [self._tis[place] for place in places] if watchers else []
        for ti in queue:
            for task in watchers.get(ti.task_id, ()) if ti.map_index < 0 else ():
                for one in self.by_task.get(task.task_id, ()):
                    if self._place[one.key] not in places:
                        places.add(self._place[one.key])
                        queue.append(one)

    def _watchers(self, run: DagRun, ti: TaskInstance, places: set[int]) -> None:
        for task in watchers_of(run.dag).get(ti.task_id, ()):
            if not task.needs_expansion or _index_for_index(run, task, ti.task):
                for index in (-1,) if ti.map_index < 0 else (-1, ti.map_index):
                    place = self._place.get((task.task_id, index))
                    if place is not None:
                        places.add(place)
            else:
                places.update(self._place[one.key] for one in self.by_task.get(task.task_id, ()))


def _index_for_index(run: DagRun, task: Task, upstream: Task) -> bool:
    """Whether each instance of a task looks at that instance of the upstream alone that shares its index."""
    if task.groups != upstream.groups or task.length is not None or upstream.length is not None:
        return False
    wiring = wiring_of(run.dag)[task.task_id]
    if upstream.task_id in wiring.expansion_dependencies:
        return False
    try:
        return bool(mapped_count(task, run))
    except NotPopulated:
        return False


def memory_of(run: DagRun) -> Memory:
    """The run's memory, a new one when its Dag or its instances are others than at the last pass."""
    tis = list(run.task_instances.values())
    known: Memory | None = run.memory
    if known is None or not known.is_of(run, tis):
        known = run.memory = Memory(run, tis)
    return known

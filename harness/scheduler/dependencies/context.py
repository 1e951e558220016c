"""One scheduling pass over a run: what the dependencies look up, remembered while nothing changes."""

from __future__ import annotations

from harness.scheduler.lengths import NotPopulated, mapped_count, relevant_map_indexes
from harness.scheduler.model import DagRun, Key, Task, TaskInstance
from harness.scheduler.wiring import Wiring, wiring_of

_FAST_TRIGGERED = frozenset({"one_success", "one_failed", "one_done", "none_failed_min_one_success"})


class DepContext:
    """A view of a run for one pass; states must not change while it is in use, or `invalidate` is called.

    Args:
        wait_for_past_depends_before_skipping: hold a skip back until the instance recorded
            ``past_depends_met``. Airflow's scheduler never asks for it (3.1.8, 3.3.2): False there.
        by_task: the instances by task id, when the caller has them.
    Source: airflow/ti_deps/dep_context.py `DepContext` (3.3.2).
    """

    __slots__ = ("_by_task", "_counts", "_tallies", "imposed", "run", "wait_for_past_depends_before_skipping", "wiring")

    def __init__(
        self,
        run: DagRun,
        *,
        wait_for_past_depends_before_skipping: bool = False,
        by_task: dict[str, list[TaskInstance]] | None = None,
    ) -> None:
        self.run = run
        self.wiring: dict[str, Wiring] = wiring_of(run.dag)
        self.wait_for_past_depends_before_skipping = wait_for_past_depends_before_skipping
        self.imposed: dict[Key, str] = {}  # states this pass will set, which only what maps over them sees
        self._by_task = by_task
        self._tallies: dict[str, dict[str | None, int]] = {}
        self._counts: dict[str, int | None] = {}

    def invalidate(self) -> None:
        """Forget what was remembered: instances were added, removed, or changed state."""
        self._by_task = None
        self._tallies.clear()
        self._counts.clear()

    def instances(self, task_id: str) -> list[TaskInstance]:
        """All instances of a task, in the order the run holds them."""
        if not self.run.dag.tasks[task_id].needs_expansion:
            only = self.run.task_instances.get((task_id, -1))
            return [] if only is None else [only]
        if self._by_task is None:
            self._by_task = {}
            for ti in self.run.task_instances.values():
                self._by_task.setdefault(ti.task.task_id, []).append(ti)
        return self._by_task.get(task_id, [])

    def tally(self, task_id: str) -> dict[str | None, int]:
        """How many instances of a task are in each state."""
        known = self._tallies.get(task_id)
        if known is None:
            known = {}
            for ti in self.instances(task_id):
                known[ti.state] = known.get(ti.state, 0) + 1
            self._tallies[task_id] = known
        return known

    def count(self, task: Task) -> int | None:
        """`mapped_count`, None also while it is not known."""
        if task.task_id not in self._counts:
            try:
                self._counts[task.task_id] = mapped_count(task, self.run)
            except NotPopulated:
                self._counts[task.task_id] = None
        return self._counts[task.task_id]

    def relevant(self, ti: TaskInstance, upstream_id: str) -> list[TaskInstance]:
        """The instances of an upstream that ``ti`` depends on.

        Outside mapped groups all of them. Inside, those that share the map index, and the one not yet expanded.
        Source: airflow/ti_deps/deps/trigger_rule_dep.py `_is_relevant_upstream`,
        `_iter_upstream_conditions`, `_get_relevant_upstream_map_indexes` (3.3.2; 3.1.8 looks at the immediate
        group only and also treats expanded instances of the one_* rules broadly).
        """
        if not ti.task.groups:
            return self.instances(upstream_id)
        indexes = self._relevant_indexes(ti, upstream_id)
        if indexes is None:
            return self.instances(upstream_id)
        get = self.run.task_instances.get
        chosen = [indexes] if isinstance(indexes, int) else indexes
        found = [get((upstream_id, -1))] + [get((upstream_id, index)) for index in chosen if index >= 0]
        return [one for one in found if one is not None]

    def _relevant_indexes(self, ti: TaskInstance, upstream_id: str) -> int | range | None:
        task = ti.task
        needed = self.wiring[task.task_id].expansion_dependencies
        if ti.map_index < 0 and task.trigger_rule in _FAST_TRIGGERED and upstream_id not in needed:
            return None
        upstream = self.run.dag.tasks[upstream_id]
        count = self.count(task)
        if count and upstream.groups == task.groups and task.length is None and upstream.length is None:
            return ti.map_index  # the common case of the general rule below: same group, neither mapped further
        return relevant_map_indexes(task, ti.map_index, count, upstream, self.run)

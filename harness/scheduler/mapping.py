"""Creating and expanding the task instances of a run."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from harness.scheduler.dag_runs.backfill import BACKFILL
from harness.scheduler.lengths import (
    NotPopulated,
    is_mapped_somewhere,
    length_of,
    mapped_count,
    parse_time_mapped_count,
    relevant_map_indexes,
)
from harness.scheduler.model import (
    FINISHED,
    REMOVED,
    SKIPPED,
    UPSTREAM_FAILED,
    DagRun,
    Key,
    Task,
    TaskInstance,
    TaskState,
)
from harness.scheduler.wiring import unmapped_keys_of

__all__ = [
    "Expansion",
    "NotPopulated",
    "create_instances",
    "expand",
    "expand_mapped_task",
    "in_dates",
    "is_mapped_somewhere",
    "length_of",
    "mapped_count",
    "out_of_length",
    "relevant_map_indexes",
    "revise_map_indexes",
]


@dataclass(slots=True)
class Expansion:
    """What an expansion comes to.

    Attributes:
        expanded: instances that are new or took index 0.
        given: (instance, final state, reason), not set yet: a pass sets states when it ends.
    """

    expanded: list[TaskInstance] = field(default_factory=list)
    given: list[tuple[TaskInstance, TaskState, str]] = field(default_factory=list)

    def set_states(self) -> list[TaskInstance]:
        """Set the states given; as in Airflow ``start`` and ``end`` stay as they are. Returns: the instances."""
        for ti, state, reason in self.given:
            ti.state, ti.reason, ti.due = state, reason, None
        return [ti for ti, _, _ in self.given]


def create_instances(run: DagRun) -> list[TaskInstance]:
    """Create all instances of a new run in ``run.task_instances``, in topological order.

    A mapped task of literals is created expanded; of zero length, as one unmapped instance that its expansion
    later skips. A task whose start and end dates exclude the logical date has no instance, except in a backfill.
    Source: airflow/models/dagrun.py `DagRun.verify_integrity`, `_create_tasks` (3.3.2).
    """
    keys = unmapped_keys_of(run.dag)
    for task in run.dag.tasks.values():
        if not in_dates(task, run):
            continue
        count = parse_time_mapped_count(task, run.dag)
        if count:
            for index in range(count):
                _create(task, run, index)
        else:
            run.task_instances[keys[task.task_id]] = TaskInstance(task, run, -1, max_tries=task.retries)
    return list(run.task_instances.values())


def expand(ti: TaskInstance) -> list[TaskInstance] | None:
    """Expand an unmapped instance; see `expand_mapped_task` for what else it changes.

    Returns: the instances of the task that are new or took index 0 (``ti`` itself), by map index, empty when it
        expands to nothing; None when it needs no expansion.
    Source: airflow/models/dagrun.py `_expand_mapped_task_if_needed` (3.3.2).
    """
    expansion = expand_mapped_task(ti)
    if expansion is None:
        return None
    expansion.set_states()
    return expansion.expanded


def expand_mapped_task(ti: TaskInstance, imposed: Container[Key] = ()) -> Expansion | None:
    """Turn an unmapped instance into the mapped ones; the caller sets the states that are given.

    Length zero skips it, an unknown length makes it upstream_failed; instances beyond the length are removed.

    Args:
        imposed: as of `length_of`.
    Source: airflow/models/taskmap.py `TaskMap.expand_mapped_task` (3.3.2).
    """
    run, task = ti.run, ti.task
    if ti.map_index >= 0 or not is_mapped_somewhere(task):
        return None
    expansion = Expansion()
    try:
        total = mapped_count(task, run, imposed) or 0
    except NotPopulated as missing:
        _give(ti, UPSTREAM_FAILED, f"cannot expand: {missing}", expansion)
        _remove((one for one in _all(run, task) if one.map_index >= 0), 0, expansion)
        return expansion
    if total < 1:
        _give(ti, SKIPPED, f"expands to nothing: {_source(task, run)} has length 0", expansion)
    else:
        _spread(ti, total, expansion)
    _remove((one for one in _all(run, task) if one.map_index >= total), total, expansion)
    return expansion


def revise_map_indexes(task: Task, run: DagRun, existing: Iterable[TaskInstance]) -> Expansion:
    """Follow a change of length after expansion: new instances are created, those out of range given ``removed``.

    Source: airflow/models/dagrun.py `DagRun._revise_map_indexes_if_mapped` (3.3.2).
    """
    expansion = Expansion()
    try:
        total = mapped_count(task, run)
    except NotPopulated:
        return expansion
    if total is None:
        return expansion
    by_index = {one.map_index: one for one in existing}
    if by_index.keys() == set(range(total)):
        return expansion
    _remove((one for index, one in by_index.items() if not 0 <= index < total), total, expansion)
    expansion.expanded = [_create(task, run, index) for index in range(total) if index not in by_index]
    return expansion


def out_of_length(run: DagRun) -> list[TaskInstance]:
    """The instances that a run does without when it is moved to the newest version of its Dag, changed or not.

    Those beyond the mapped length, as the run knows it; all mapped ones while it is not known; and an unmapped one
    whose length stands in the Dag file: a task mapped over an empty literal is then removed, not skipped.
    Source: airflow/models/dagrun.py `DagRun.verify_integrity`, `_check_for_removed_or_restored_tasks` (3.3.2).
    """
    found = []
    for ti in run.task_instances.values():
        if not is_mapped_somewhere(ti.task):
            continue
        literal = parse_time_mapped_count(ti.task, run.dag)
        if literal is not None:
            gone = not 0 <= ti.map_index < literal
        else:
            try:
                gone = ti.map_index >= (mapped_count(ti.task, run) or 0) and ti.map_index >= 0
            except NotPopulated:
                gone = ti.map_index >= 0
        if gone:
            found.append(ti)
    return found


def _spread(ti: TaskInstance, total: int, expansion: Expansion) -> None:
    """``ti`` becomes index 0 (or goes, when there is one); the indexes above the highest are created."""
    run, task, state = ti.run, ti.task, ti.state
    run.memory = None  # of keys that no longer hold
    del run.task_instances[ti.key]
    if (task.task_id, 0) not in run.task_instances:
        ti.map_index = 0
        run.task_instances[ti.key] = ti
        expansion.expanded.append(ti)
    highest = max(one.map_index for one in _all(run, task))
    expansion.expanded += [_create(task, run, index, state) for index in range(highest + 1, total)]


def _all(run: DagRun, task: Task) -> list[TaskInstance]:
    return [one for one in run.task_instances.values() if one.task.task_id == task.task_id]


def _create(task: Task, run: DagRun, map_index: int, state: TaskState | None = None) -> TaskInstance:
    ti = TaskInstance(task=task, run=run, map_index=map_index, state=state, max_tries=task.retries)
    run.task_instances[ti.key] = ti
    return ti


def _give(ti: TaskInstance, state: TaskState, reason: str, expansion: Expansion) -> None:
    if ti.state not in FINISHED:
        expansion.given.append((ti, state, reason))


def _remove(extra: Iterable[TaskInstance], total: int, expansion: Expansion) -> None:
    reason = f"the mapped length is now {total}"
    expansion.given += [(ti, REMOVED, reason) for ti in extra if ti.state != REMOVED]


def _source(task: Task, run: DagRun) -> str:
    names = list(task.map_dependencies if task.is_mapped else ())
    names += [name for group in task.groups for name in run.dag.groups[group].map_dependencies]
    return " or ".join(f"the value of '{name}'" for name in dict.fromkeys(names)) or "its mapped argument"


def in_dates(task: Task, run: DagRun) -> bool:
    """Whether a run has a task: a backfill has all of them. Source: ``DagRun._create_tasks`` (3.3.2)."""
    if run.run_type == BACKFILL or run.logical_date is None:
        return True
    if task.start_date is not None and run.logical_date < task.start_date:
        return False
    return task.end_date is None or run.logical_date <= task.end_date

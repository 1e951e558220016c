"""One pass of the scheduler over a run: what may be scheduled, what is decided without running, what expands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.kernel.instant import Instant
from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.dependencies.standing import Standing, is_waiting, standing
from harness.scheduler.mapping import Expansion, expand_mapped_task, revise_map_indexes
from harness.scheduler.model import FINISHED, TaskInstance, TaskState


@dataclass(slots=True)
class Pass:
    """Result of one pass.

    Attributes:
        ready: may be scheduled, in the order found.
        changed: were given a final state.
        expanded: are new, or became map index 0.
        waiting_met: a retry or reschedule not yet due has all its other dependencies met.
        next_due: the earliest ``due`` still ahead.
    """

    ready: list[TaskInstance] = field(default_factory=list)
    changed: list[TaskInstance] = field(default_factory=list)
    expanded: list[TaskInstance] = field(default_factory=list)
    waiting_met: bool = False
    next_due: Instant | None = None


def get_ready_tis(context: DepContext, schedulable: Iterable[TaskInstance], now: Instant) -> Pass:
    """Examine the schedulable instances against the states at the start of the pass.

    States that dependencies impose are set when all were examined: as in Airflow, a chain of them takes a pass
    a link. Expansion happens within the pass and its instances are examined in it.
    Source: airflow/models/dagrun.py `DagRun._get_ready_tis` (3.3.2).
    """
    result = Pass()
    imposed: list[tuple[TaskInstance, Standing]] = []
    expansions: list[Expansion] = []
    revised: set[str] = set()
    queue = list(schedulable)
    for ti in queue:  # grows while it is walked: expanded instances are examined last
        found = standing(ti, context)
        if found.new_state is not None:
            imposed.append((ti, found))
            context.imposed[ti.key] = found.new_state
        if ti.due is not None and is_waiting(ti, now):
            result.waiting_met |= found.met
            result.next_due = ti.due if result.next_due is None else min(ti.due, result.next_due)
        elif found.met:
            expansion = None
            if ti.map_index < 0 and ti.task.needs_expansion:
                expansion = expand_mapped_task(ti, context.imposed)
            if expansion is not None:
                expansions.append(_follow(expansion, context, result))
                queue += expansion.expanded
            elif found.new_state is None:
                expansions += _take(ti, context, result, revised)
    for ti, found in imposed:
        if found.new_state is not None:
            set_state(ti, found.new_state, now, found.reason)
            result.changed.append(ti)
    for expansion in expansions:
        result.changed += expansion.set_states()
    return result


def set_state(ti: TaskInstance, state: TaskState, now: Instant, reason: str | None = None) -> None:
    """Give an instance a final state; ``start`` and ``end`` become ``now`` unless they were set.

    Source: airflow/models/taskinstance.py `TaskInstance.set_state` (3.3.2).
    """
    ti.state, ti.reason, ti.due = state, reason, None
    ti.start = now if ti.start is None else ti.start
    if state in FINISHED:
        ti.end = now if ti.end is None else ti.end


def _follow(expansion: Expansion, context: DepContext, result: Pass) -> Expansion:
    """Note an expansion in the pass; the states it gives are set when the pass ends."""
    if expansion.expanded:
        context.invalidate()
        result.expanded += expansion.expanded
    context.imposed.update((ti.key, state) for ti, state, _ in expansion.given)
    return expansion


def _take(ti: TaskInstance, context: DepContext, result: Pass, revised: set[str]) -> list[Expansion]:
    """``ti`` is ready, unless a change of its task's mapped length, looked for once a task, removes it."""
    revisions = []
    if ti.task.needs_expansion and ti.task_id not in revised:
        revised.add(ti.task_id)
        revision = revise_map_indexes(ti.task, context.run, context.instances(ti.task_id))
        revisions.append(_follow(revision, context, result))
        result.ready += revision.expanded
    if ti.key not in context.imposed:
        result.ready.append(ti)
    return revisions

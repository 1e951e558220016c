"""The state of a run, from the states of its instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.kernel.instant import Instant
from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.dependencies.standing import standing
from harness.scheduler.memory import memory_of
from harness.scheduler.model import (
    AWAITING_INPUT,
    DEFERRED,
    FAILED,
    FAILED_STATES,
    FINISHED,
    REMOVED,
    SCHEDULEABLE,
    SUCCESS,
    SUCCESS_STATES,
    DagRun,
    RunState,
    TaskInstance,
)
from harness.scheduler.ready import set_state
from harness.scheduler.wiring import wiring_of

_PARKED = frozenset({DEFERRED, AWAITING_INPUT})


@dataclass(slots=True)
class RunOutcome:
    """``state`` and ``reason`` in Airflow's words, None while the run goes on; ``changed`` while looking."""

    state: RunState | None = None
    reason: str | None = None
    changed: list[TaskInstance] = field(default_factory=list)


def outcome(run: DagRun, waiting_met: bool, now: Instant) -> RunOutcome:
    """How a run ends in which a pass found nothing to schedule and changed nothing.

    Args:
        waiting_met: from the pass (`Pass.waiting_met`).
    Source: airflow/models/dagrun.py `DagRun.update_state` (3.3.2).
    """
    result = RunOutcome()
    unfinished = [ti for ti in memory_of(run).in_order if ti.state not in FINISHED]
    if unfinished:
        context = DepContext(run)
        first = next((ti for ti in unfinished if _in_flight(ti)), None)
        if waiting_met or (first is not None and standing(first, context).met) or not can_deadlock(unfinished):
            return result
        met, flagged = _premature(context, unfinished, now, result.changed)
        if met:
            return result
        if flagged:  # otherwise Airflow goes on with what it knew: a skip found only here is a deadlock
            unfinished = [ti for ti in unfinished if ti.state not in FINISHED]
    leaves = tis_for_dagrun_state(run)
    if not unfinished and any(ti.state in FAILED_STATES for ti in leaves):
        result.state, result.reason = FAILED, "task_failure"
    elif not unfinished and all(ti.state in SUCCESS_STATES for ti in leaves):
        result.state, result.reason = SUCCESS, "success"
    elif unfinished and can_deadlock(unfinished):
        result.state, result.reason = FAILED, "all_tasks_deadlocked"
    return result


def can_deadlock(unfinished: Sequence[TaskInstance]) -> bool:
    """Whether a deadlock is looked for: never while an unfinished instance is parked or its task may wait for
    another run or for a concurrency limit.

    Source: airflow/models/dagrun.py `_UnfinishedStates.should_schedule` (3.3.2).
    """
    return not any(
        ti.state in _PARKED
        or ti.task.depends_on_past
        or ti.task.max_active_tis_per_dag is not None
        or ti.task.max_active_tis_per_dagrun is not None
        for ti in unfinished
    )


def tis_for_dagrun_state(run: DagRun) -> list[TaskInstance]:
    """Instances of the leaf tasks, removed ones left out.

    Source: airflow/models/dagrun.py `DagRun._tis_for_dagrun_state` (3.3.2).
    """
    wiring = wiring_of(run.dag)
    return [ti for ti in run.task_instances.values() if ti.state != REMOVED and wiring[ti.task_id].leaf]


def _in_flight(ti: TaskInstance) -> bool:
    return ti.state not in SCHEDULEABLE and ti.state not in FINISHED


def _premature(
    context: DepContext, unfinished: Sequence[TaskInstance], now: Instant, changed: list[TaskInstance]
) -> tuple[bool, bool]:
    """Whether an instance in flight has its dependencies met, and whether any before it was seen to change.

    Those without status were examined by a pass and not met; those waiting told in ``waiting_met``.
    Source: airflow/models/dagrun.py `DagRun._are_premature_tis` (3.3.2; it asks in database order, which has none).
    """
    imposed = []
    met = False
    for ti in filter(_in_flight, unfinished):
        found = standing(ti, context)
        met = found.met
        if met:
            break
        if found.new_state is not None:
            imposed.append((ti, found.new_state, found))
    for ti, state, found in imposed:
        set_state(ti, state, now, found.reason)
        changed.append(ti)
    return met, any(found.flagged for _, _, found in imposed)

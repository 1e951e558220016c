"""The state of a run, from the states of its instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.kernel.instant import Instant
from harness.scheduler.context import DepContext
from harness.scheduler.dependencies import WAITING, standing
from harness.scheduler.model import (
    AWAITING_INPUT,
    DEFERRED,
    FAILED,
    FAILED_STATES,
    FINISHED,
    REMOVED,
    SUCCESS,
    SUCCESS_STATES,
    DagRun,
    TaskInstance,
)
from harness.scheduler.ready import set_state
from harness.scheduler.wiring import wiring_of

_PARKED = frozenset({DEFERRED, AWAITING_INPUT})


@dataclass(slots=True)
class RunOutcome:
    """``state`` and ``reason`` in Airflow's words, None while the run goes on; ``changed`` while looking."""

    state: str | None = None
    reason: str | None = None
    changed: list[TaskInstance] = field(default_factory=list)


def outcome(run: DagRun, unfinished: Sequence[TaskInstance], waiting_met: bool, now: Instant) -> RunOutcome:
    """How a run ends in which a pass found nothing to schedule and changed nothing.

    Args:
        unfinished: its unfinished instances.
        waiting_met: from the pass (`Pass.waiting_met`).
    Source: airflow/models/dagrun.py `DagRun.update_state` (3.3.2).
    """
    result = RunOutcome()
    deadlocked = False
    if unfinished and can_deadlock(unfinished):
        deadlocked = not waiting_met and not _premature(run, unfinished, now, result.changed)
        if result.changed:
            unfinished = [ti for ti in unfinished if ti.state not in FINISHED]
    leaves = tis_for_dagrun_state(run)
    if not unfinished and any(ti.state in FAILED_STATES for ti in leaves):
        result.state, result.reason = FAILED, "task_failure"
    elif not unfinished and all(ti.state in SUCCESS_STATES for ti in leaves):
        result.state, result.reason = SUCCESS, "success"
    elif deadlocked and unfinished and can_deadlock(unfinished):
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


def _premature(run: DagRun, unfinished: Sequence[TaskInstance], now: Instant, changed: list[TaskInstance]) -> bool:
    """Whether an instance in flight has its dependencies met; what they impose on others is set.

    Those without status were just examined by the pass and not met; those waiting told in ``waiting_met``.
    Source: airflow/models/dagrun.py `DagRun._are_premature_tis` (3.3.2; it asks in database order).
    """
    context = DepContext(run)
    imposed = []
    met = False
    for ti in unfinished:
        if ti.state is None or ti.state in WAITING:
            continue
        found = standing(ti, context)
        if found.met:
            met = True
            break
        if found.new_state is not None:
            imposed.append((ti, found.new_state, found.reason))
    for ti, state, reason in imposed:
        set_state(ti, state, now, reason)
        changed.append(ti)
    return met

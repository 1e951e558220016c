"""A run's life: when a queued one starts, which running ones a loop examines, and what state it takes."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from harness.kernel.instant import BEGINNING, Instant
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

_FINISHED = frozenset({"success", "failed"})

RUNS_A_LOOP = 20
"""Airflow's ``[scheduler] max_dagruns_per_loop_to_schedule``."""

Group = tuple[str, str | None]
"""(dag_id, backfill_id): runs of one limit of running runs."""


def group_of(run: DagRun) -> Group:
    """Whom a run shares its limit with: the runs of its backfill, or those of its Dag that are in none."""
    return (run.dag.dag_id, run.backfill_id)


def most_running(run: DagRun) -> int:
    """How many runs of its `group_of` may be running: ``max_active_runs`` of its backfill, else of its Dag."""
    if run.backfill_id is not None and run.backfill_max_active_runs is not None:
        return run.backfill_max_active_runs
    return run.dag.max_active_runs


def may_start(run: DagRun, active: int) -> bool:
    """Whether a queued run may become running, once its ``run_after`` has come.

    Args:
        active: running runs of its `group_of`.
    Source: airflow/jobs/scheduler_job_runner.py `_start_queued_dagruns`,
    airflow/models/dagrun.py `get_queued_dag_runs_to_set_running` (3.3.2).
    """
    return run.state == "queued" and active < most_running(run)


def to_start(queued: Iterable[DagRun], running: Mapping[Group, int]) -> list[DagRun]:
    """The queued runs that a loop starts, in order: it looks at 20 whose group has room, and starts while it has.

    Args:
        queued: runs whose ``run_after`` has come and whose Dag is not paused.
        running: how many runs of each group are running.
    Source: airflow/jobs/scheduler_job_runner.py `_start_queued_dagruns`,
    airflow/models/dagrun.py `get_queued_dag_runs_to_set_running` (3.3.2).
    """
    candidates = [run for run in queued if may_start(run, running.get(group_of(run), 0))]
    if not candidates:
        return []
    candidates.sort(key=lambda run: start_order(run, running.get(group_of(run), 0)))
    active, started = dict(running), []
    for run in candidates[:RUNS_A_LOOP]:
        group = group_of(run)
        if may_start(run, active.get(group, 0)):
            active[group] = active.get(group, 0) + 1
            started.append(run)
    return started


def start_order(run: DagRun, active: int = 0) -> tuple[int, Instant, int, Instant, str, str]:
    """Sort key of queued runs: those of no backfill first, then by place in it; those never examined or longest ago;
    those of groups with fewer ``active`` running runs; by run_after; ties by ids.

    Source: airflow/models/dagrun.py `get_queued_dag_runs_to_set_running` (3.3.2).
    """
    return (run.backfill_ordinal or 0, _examined(run), active, run.run_after, run.dag.dag_id, run.run_id)


def to_examine(dirty: Iterable[DagRun], running: Collection[DagRun], paused: Container[str] = ()) -> list[DagRun]:
    """The running runs that a loop examines, in order; those that are not dirty when their turn comes may be left out.

    Where a loop takes all runs, that is all of them: what one does may concern another that has its turn later.

    A loop takes 20 runs, those of no backfill first, in turn; then a backfill's first, second, and so on, not in
    turn. So the runs of a backfill starve where 20 others are running, and its 21st while the first 20 are.

    Args:
        dirty: runs in which something may have changed.
        running: all running runs.
        paused: ids of paused Dags: their runs take nobody's place.
    Source: airflow/models/dagrun.py `get_running_dag_runs_to_examine` (3.3.2).
    """
    taking_part = [run for run in running if run.dag.dag_id not in paused] if paused else running
    in_turn = len(taking_part) > RUNS_A_LOOP
    runs = dirty if in_turn else {**dict.fromkeys(taking_part), **dict.fromkeys(dirty)}
    ordered = sorted(runs, key=partial(_examination_order, in_turn=in_turn))
    backfilled = [run for run in ordered if _is_backfilled(run)]
    if not backfilled:
        return ordered[:RUNS_A_LOOP]
    first = [run for run in ordered if not _is_backfilled(run)][:RUNS_A_LOOP]
    rows = [row for run in taking_part for row in _ordinals(run) or (0,)]
    return first + [run for run in backfilled if sum(row < min(_ordinals(run)) for row in rows) < RUNS_A_LOOP]


def _examination_order(run: DagRun, in_turn: bool) -> tuple[int, Instant, Instant, str, str]:
    """Sort key of running runs; where all of them are examined in every loop, nobody's turn was longer ago."""
    examined = _examined(run) if in_turn else min(_examined(run), BEGINNING)
    least = min(_ordinals(run)) if _is_backfilled(run) else 0
    return (least, examined, run.run_after, run.dag.dag_id, run.run_id)


def _is_backfilled(run: DagRun) -> bool:
    return run.backfill_ordinal is not None or bool(run.former_ordinals)


def _ordinals(run: DagRun) -> tuple[int, ...]:
    """The run's rows in ``backfill_dag_run``; that query joins them all, also those of former backfills."""
    return run.former_ordinals if run.backfill_ordinal is None else (*run.former_ordinals, run.backfill_ordinal)


def _examined(run: DagRun) -> Instant:
    return Instant(-1) if run.examined is None else run.examined


def next_run_state(outcome: str | None) -> str:
    """The state after a decision: its outcome, or running.

    Source: airflow/models/dagrun.py `DagRun.update_state` (3.3.2).
    """
    return "running" if outcome is None else outcome


def set_run_state(run: DagRun, state: RunState, now: Instant, reason: str | None = None) -> None:
    """Change a run's state and its dates: running starts it, the end ends it, queued forgets both.

    Source: airflow/models/dagrun.py `DagRun.set_state` (3.3.2).
    """
    before, run.state, run.reason = run.state, state, reason
    if before == state:
        return
    if state == "queued":
        run.start = run.end = None
    elif state == "running":
        run.start = now if run.start is None or before in _FINISHED else run.start
        run.end = None
    elif before not in _FINISHED:
        run.end = now


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

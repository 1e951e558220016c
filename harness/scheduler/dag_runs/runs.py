"""When a queued run starts, which running ones a loop examines, and what state a run takes."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping

from harness.kernel.instant import BEGINNING, Instant
from harness.scheduler.model import DagRun, RunState

_FINISHED = frozenset({"success", "failed"})

RUNS_A_LOOP = 20
"""Airflow's ``[scheduler] max_dagruns_per_loop_to_schedule``."""

Group = tuple[str, str | None]
"""(dag_id, backfill_id): runs of one limit of running runs."""


def group_of(run: DagRun) -> Group:
    """Whom a run shares its limit with: the runs of its backfill, or those of its Dag that are in none."""
    return (run.dag.dag_id, run.backfill_id)


def may_start(run: DagRun, active: int) -> bool:
    """Whether a queued run may become running, once its ``run_after`` has come.

    The limit is ``max_active_runs`` of its backfill, for a run that is in none of its Dag.

    Args:
        active: running runs of its `group_of`.
    Source: airflow/jobs/scheduler_job_runner.py `_start_queued_dagruns`,
    airflow/models/dagrun.py `get_queued_dag_runs_to_set_running` (3.3.2).
    """
    most = run.dag.max_active_runs
    if run.backfill_id is not None and run.backfill_max_active_runs is not None:
        most = run.backfill_max_active_runs
    return run.state == "queued" and active < most


def to_start(queued: Iterable[DagRun], running: Mapping[Group, int]) -> list[DagRun]:
    """The queued runs that a loop starts, in order: it looks at 20 whose group has room, and starts while it has.

    Args:
        queued: runs whose ``run_after`` has come and whose Dag is not paused.
        running: how many runs of each group are running.
    Source: airflow/jobs/scheduler_job_runner.py `_start_queued_dagruns`,
    airflow/models/dagrun.py `get_queued_dag_runs_to_set_running` (3.3.2).
    """
    candidates = [run for run in queued if may_start(run, running.get(group_of(run), 0))]
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
    taking_part = [run for run in running if run.dag.dag_id not in paused]
    in_turn = len(taking_part) > RUNS_A_LOOP
    runs = dirty if in_turn else {**dict.fromkeys(taking_part), **dict.fromkeys(dirty)}
    ordered = sorted(runs, key=lambda run: _examination_order(run, in_turn))
    first = [run for run in ordered if not _ordinals(run)][:RUNS_A_LOOP]
    backfilled = [run for run in ordered if _ordinals(run)]
    if not backfilled:
        return first
    rows = [row for run in taking_part for row in _ordinals(run) or (0,)]
    return first + [run for run in backfilled if sum(row < min(_ordinals(run)) for row in rows) < RUNS_A_LOOP]


def _examination_order(run: DagRun, in_turn: bool) -> tuple[int, Instant, Instant, str, str]:
    """Sort key of running runs; where all of them are examined in every loop, nobody's turn was longer ago."""
    examined = _examined(run) if in_turn else min(_examined(run), BEGINNING)
    return (min(_ordinals(run), default=0), examined, run.run_after, run.dag.dag_id, run.run_id)


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

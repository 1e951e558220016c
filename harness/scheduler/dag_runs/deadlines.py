"""Deadlines of Dag runs: when each is due, and whether it is met or missed."""

from __future__ import annotations

import math
from collections.abc import Iterable

from harness.kernel.instant import Instant, Microseconds, later
from harness.scheduler.model import (
    MET,
    MISSED,
    PENDING,
    AverageRuntime,
    DagRun,
    Deadline,
    FixedDatetime,
    LogicalDate,
    QueuedAt,
    Reference,
)


def base_of(reference: Reference, run: DagRun, runs: Iterable[DagRun], now: Instant) -> tuple[Instant | None, str]:
    """The instant that a deadline of a run that is made now counts from; None, and why, when it gets none.

    Args:
        runs: all runs of the Dag.
    Raises: TypeError: a `Custom` reference, which only its own code can evaluate.
    Source: airflow/serialization/definitions/deadline.py `SerializedReferenceModels`,
    airflow/serialization/definitions/dag.py `_process_dagrun_deadline_alerts` (3.3.2; 3.1.8 raises where there is no
    logical date).
    """
    if isinstance(reference, QueuedAt):
        return run.queued_at, "the run was not queued"
    if isinstance(reference, LogicalDate):
        return run.logical_date, "the run has no logical date"
    if isinstance(reference, FixedDatetime):
        return reference.at, ""
    if isinstance(reference, AverageRuntime):
        average, count = average_runtime(reference, runs)
        why = f"{count} of the {reference.min_runs} runs that its average needs have ended"
        return None if average is None else later(now, average), why
    raise TypeError(f"{reference.name} is evaluated by its own code")


def average_runtime(reference: AverageRuntime, runs: Iterable[DagRun]) -> tuple[Microseconds | None, int]:
    """What the latest runs by logical date took on average, and how many those are; None when they are too few.

    A run without logical date counts as the latest, as PostgreSQL sorts it.
    Source: airflow/serialization/definitions/deadline.py `AverageRuntimeDeadline._evaluate_with` (3.3.2).
    """
    ended = [
        (run.logical_date, run.end - run.start)
        for run in runs
        if run.start is not None and run.end is not None and (run.state == "success" or not reference.only_successful)
    ]
    ended.sort(key=lambda one: -math.inf if one[0] is None else -one[0])
    took = [length for _, length in ended[: reference.max_runs]]
    if len(took) < max(reference.min_runs, 1):
        return None, len(took)
    return round(sum(took) / len(took)), len(took)


def meet(run: DagRun) -> list[Deadline]:
    """Have a run that succeeded meet its deadlines; those it ended after stay pending, and so do those of a failed one.

    Returns: the deadlines met.
    Source: airflow/models/deadline.py `Deadline.prune_deadlines`, airflow/models/dagrun.py `DagRun.update_state`
    (3.3.2), which deletes them.
    """
    if run.state != "success" or run.end is None:
        return []
    met = [one for one in run.deadlines if one.state == PENDING and one.due is not None and run.end <= one.due]
    for one in met:
        one.state = MET
    return met


def miss(deadline: Deadline, now: Instant) -> bool:
    """Have a pending deadline be missed when it is due; whether it was.

    Due is its instant itself, once all else of that instant has happened; Airflow's loop looks for those before it.
    Nobody asks for the state of the run: one that failed, or was never started, misses its deadline too.
    Source: airflow/jobs/scheduler_job_runner.py `_run_scheduler_loop`, airflow/models/deadline.py
    `Deadline.handle_miss` (3.3.2).
    """
    if deadline.state != PENDING or deadline.due is None or deadline.due > now:
        return False
    deadline.state, deadline.missed_at = MISSED, now
    return True


def requeue(run: DagRun, now: Instant) -> list[Deadline]:
    """Count anew from now, when a run is cleared, what counts from when it was queued and is pending.

    Where the policy is that deadlines do not move, they stay as they are.
    Returns: the deadlines that moved.
    Source: airflow/models/taskinstance.py `_recalculate_dagrun_queued_at_deadlines` (3.2.2; 3.3.2 raises there).
    """
    run.queued_at = now
    moved = []
    for one in run.deadlines if run.dag.policies.deadlines_move else ():
        if one.state == PENDING and isinstance(one.alert.reference, QueuedAt) and one.interval is not None:
            one.due = later(now, one.interval)
            moved.append(one)
    return moved

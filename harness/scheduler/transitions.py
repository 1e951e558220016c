"""State changes of a run's instances that are not decided by dependencies."""

from __future__ import annotations

from collections.abc import Collection

from harness.kernel.instant import Instant, iso, later
from harness.scheduler.mapping import out_of_length
from harness.scheduler.model import (
    FAILED,
    FINISHED,
    REMOVED,
    RUNNING,
    SCHEDULEABLE,
    SCHEDULED,
    SKIPPED,
    SUCCESS,
    UP_FOR_RESCHEDULE,
    UP_FOR_RETRY,
    DagRun,
    TaskInstance,
)
from harness.scheduler.ready import set_state


def schedule(ti: TaskInstance, now: Instant) -> bool:
    """Schedule one ready instance: a new try, except after a reschedule, which goes on with its own.

    An operator that Airflow does not run (``task.short_circuits``) succeeds at once, as a new try.
    Returns: False, with nothing changed, when the instance is in no schedulable state.
    Source: airflow/models/dagrun.py `DagRun.schedule_tis` (3.3.2, 3.4.0b2; without ``start_from_trigger``).
    """
    if ti.state not in SCHEDULEABLE:
        return False
    if ti.run.dag.policies.numbers_ahead:
        ti.try_number = max(1, ti.try_number)
    else:
        ti.try_number += ti.task.short_circuits or ti.state != UP_FOR_RESCHEDULE
    if ti.task.short_circuits:
        ti.state, ti.start, ti.end = SUCCESS, now, now
    else:
        ti.state = SCHEDULED
    ti.due = ti.reason = None
    return True


def fail_fast(run: DagRun, ti: TaskInstance, now: Instant) -> list[TaskInstance]:
    """Stop a ``fail_fast`` Dag's run after ``ti`` failed for good.

    Every other task's instances, teardowns apart: running ones fail, succeeded and failed ones stay, all others
    are skipped, also those removed or upstream_failed. Airflow gives a running one no end until its worker
    notices; here it notices at once and ``end`` is ``now``.
    Returns: the instances changed; the caller ends the processes of those that ran.
    Source: airflow/models/taskinstance.py `_stop_remaining_tasks` (3.3.2).
    """
    changed = []
    for other in list(run.task_instances.values()):
        if other.task_id == ti.task_id or other.task.is_teardown or other.state in (SUCCESS, FAILED, SKIPPED):
            continue
        if other.state == RUNNING:
            other.end = now
            set_state(other, FAILED, now, f"fail_fast: '{ti.task_id}' failed")
        else:
            set_state(other, SKIPPED, now, f"fail_fast: '{ti.task_id}' failed")
        changed.append(other)
    return changed


def number_next(ti: TaskInstance) -> None:
    """Give an instance whose try is over the number of the next one, where Airflow does so at once.

    Source: airflow/models/taskinstance.py `TaskInstance.prepare_db_for_next_try` (3.4.0b2).
    """
    ti.try_number += ti.run.dag.policies.numbers_ahead


def clear(run: DagRun, task_ids: Collection[str] | None = None, on_latest_version: bool = False) -> list[TaskInstance]:
    """Have instances run again: their tries count on, as many retries again are theirs; a finished run is queued.

    Mapped instances stay expanded, XComs stay until their task's next try deletes them. A running one starts anew
    at once, where Airflow waits for its worker to notice (``restarting``). Where there is nothing to clear, the run
    stays as it is.

    Args:
        task_ids: whose instances, None for all.
        on_latest_version: a finished run is moved to the newest version of its Dag, which is none other here, but
            checks it: see `out_of_length`.
    Returns: the cleared instances; the caller ends the processes of those that ran.
    Source: airflow/models/taskinstance.py `clear_task_instances`, airflow/models/dagrun.py `DagRun.set_state` (3.3.2).
    """
    cleared = [ti for ti in run.task_instances.values() if task_ids is None or ti.task_id in task_ids]
    if not cleared:
        return []
    finished = run.state in ("success", FAILED)
    removed = out_of_length(run) if on_latest_version and finished else []
    for ti in cleared:
        if ti.state not in (None, UP_FOR_RETRY):
            number_next(ti)
        pending = run.dag.policies.numbers_ahead and ti.try_number > 0
        ti.max_tries = ti.try_number - pending + ti.task.retries
        ti.state = ti.start = ti.end = ti.due = ti.reason = ti.retry_delay_override = None
    for ti in removed:
        ti.state, ti.reason = REMOVED, "its task has no such map index"
    run.memory = None
    run.clear_number += 1
    if finished:
        run.state, run.start, run.end, run.reason, run.examined = "queued", None, None, None, None
    return cleared


def times_out_at(run: DagRun) -> Instant | None:
    """When a running run exceeds its Dag's ``dagrun_timeout``; None when it has none or has not started."""
    if run.start is None or run.dag.dagrun_timeout is None:
        return None
    return later(run.start, run.dag.dagrun_timeout)


def skip_unfinished(run: DagRun, now: Instant) -> list[TaskInstance]:
    """Skip every unfinished instance of a run that timed out; those that never started keep no dates.

    Those that have no state yet keep none where the policy is so.
    """
    due = times_out_at(run)
    reason = f"dagrun_timeout: the run timed out at {iso(now if due is None else due)}"
    kept = FINISHED if run.dag.policies.timeout_skips_all else {*FINISHED, None}
    skipped = [ti for ti in run.task_instances.values() if ti.state not in kept]
    for ti in skipped:
        ti.state, ti.reason, ti.due = SKIPPED, reason, None
        if ti.start is not None:
            ti.end = now
    return skipped

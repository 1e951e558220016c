"""What the scheduler does with a run at an instant."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.kernel.instant import Instant
from harness.scheduler.dag_runs.runs import outcome
from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.memory import Memory, SeenState, memory_of
from harness.scheduler.model import FAILED, DagRun, RunState, TaskInstance
from harness.scheduler.ready import Pass, get_ready_tis
from harness.scheduler.transitions import fail_fast, schedule, skip_unfinished, times_out_at
from harness.scheduler.wiring import wiring_of

__all__ = ["Decision", "decide", "fail_fast", "schedule", "step", "timed_out", "times_out_at"]


@dataclass(slots=True)
class Decision:
    """What was decided of a run.

    Attributes:
        ready: instances to `schedule` now, by topological order, then map index.
        changed: instances that were given a final state, in the order it happened.
        outcome: ``success`` or ``failed`` when the run ends, else None.
        reason: of the outcome: ``success``, ``task_failure``, ``all_tasks_deadlocked``, ``timed_out``.
        next_due: the earliest retry or reschedule still ahead, None when there is none.
        expanded: mapped instances that are new or became index 0.
        again: once more at the same instant, after ``ready`` was scheduled: the pass gave states, expanded a task, or
            some of ``ready`` short-circuit.
    """

    ready: list[TaskInstance] = field(default_factory=list)
    changed: list[TaskInstance] = field(default_factory=list)
    outcome: RunState | None = None
    reason: str | None = None
    next_due: Instant | None = None
    expanded: list[TaskInstance] = field(default_factory=list)
    again: bool = False


def step(run: DagRun, now: Instant) -> Decision:
    """One scheduling pass over a running run, as one loop of the scheduler makes it.

    Instances are changed in place, except that those ready keep their state until `schedule`. What the pass set, the
    next one sees: `Decision.again` tells that there is something to see. A run whose logical date lies ahead waits.
    Source: airflow/models/dagrun.py `update_state`, `task_instance_scheduling_decisions`,
    airflow/jobs/scheduler_job_runner.py `_schedule_dag_run` (3.3.2).
    """
    decision = Decision()
    if run.begins_at is not None and run.begins_at > now:
        decision.next_due = run.begins_at
        return decision
    one = _one_pass(run, now, decision, None)
    _conclude(run, now, decision, one)
    decision.again |= bool(one.changed or one.expanded)
    return decision


def decide(run: DagRun, now: Instant) -> Decision:
    """Repeat scheduling passes over a running run until nothing more happens at this instant.

    The passes are those of `step`, one by one, as if nothing else happened between them. One that makes
    short-circuiting tasks ready ends the call, because their success belongs between it and the next.
    """
    decision = Decision()
    if run.begins_at is not None and run.begins_at > now:
        decision.next_due = run.begins_at
        return decision
    taken: set[int] = set()
    while True:
        one = _one_pass(run, now, decision, taken)
        if decision.again or not (one.changed or one.expanded):
            break
    _conclude(run, now, decision, one)
    return decision


def _one_pass(run: DagRun, now: Instant, decision: Decision, taken: set[int] | None) -> Pass:
    memory = memory_of(run)
    states: list[SeenState] = [ti.state for ti in run.task_instances.values()]
    schedulable = memory.examine(run, states)
    if taken:
        schedulable = [ti for ti in schedulable if id(ti) not in taken]
    one = get_ready_tis(DepContext(run, by_task=memory.by_task), schedulable, now)
    _gather(decision, one)
    if taken is not None:
        taken.update(map(id, one.ready))
    if one.changed:
        memory.changed(one.changed)
    return one


def _conclude(run: DagRun, now: Instant, decision: Decision, last: Pass) -> None:
    memory: Memory | None = run.memory  # of the pass; None after an expansion, and the next one looks at all of them
    if memory is not None:
        memory.ready = list(decision.ready)
    if decision.ready:
        wiring = wiring_of(run.dag)
        decision.ready.sort(key=lambda ti: (wiring[ti.task_id].position, ti.map_index))
    elif not last.expanded and not last.changed:
        found = outcome(run, last.waiting_met, now)
        decision.outcome, decision.reason = found.state, found.reason
        decision.changed += found.changed


def timed_out(run: DagRun, now: Instant) -> Decision | None:
    """Fail a run that exceeded its Dag's ``dagrun_timeout``: its unfinished instances are skipped.

    Returns: the decision (``outcome`` failed, ``reason`` timed_out, ``changed`` the skipped ones, whose processes
        the caller ends), or None when it is not due. Due is the instant itself, where Airflow's next loop is.
    Source: airflow/jobs/scheduler_job_runner.py `_schedule_dag_run` (3.3.2).
    """
    due = times_out_at(run)
    if due is None or now < due:
        return None
    return Decision(changed=skip_unfinished(run, now), outcome=FAILED, reason="timed_out")


def _gather(decision: Decision, one: Pass) -> None:
    decision.ready += one.ready
    decision.changed += one.changed
    decision.expanded += one.expanded
    decision.next_due = one.next_due
    decision.again = any(ti.task.short_circuits for ti in one.ready)

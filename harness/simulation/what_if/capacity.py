"""What a simulation that has ended says of capacity."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from harness.kernel.instant import Instant, Microseconds, to_datetime
from harness.results.capacity import Capacity, PathStep
from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.lengths import NotPopulated
from harness.scheduler.model import (
    AWAITING_INPUT,
    DEFERRED,
    FINISHED,
    MISSED,
    QUEUED,
    UP_FOR_RESCHEDULE,
    UP_FOR_RETRY,
    DagRun,
    TaskInstance,
)
from harness.scheduler.queueing import Limits
from harness.scheduler.wiring import wiring_of
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.history import History

_STATES = {
    "": "dependency",
    QUEUED: "worker",
    UP_FOR_RETRY: "retry",
    UP_FOR_RESCHEDULE: "reschedule",
    DEFERRED: "trigger",
    AWAITING_INPUT: "trigger",
}
"""State -> what a task instance in it waits for; of ``scheduled`` ones the tally knows more."""


def capacity_of(driver: Driver) -> Capacity:
    """What became of a simulation's runs, as far as it is a matter of slots and time."""
    runs = list(driver.store.runs.values())
    now, tally = driver.simulation.now, driver.recorder.tally
    finished = [ti for run in runs for ti in run.task_instances.values() if ti.state in FINISHED]
    ends = [ti.end for ti in finished if ti.end is not None]
    begun = [run.run_after for run in runs if run.start is not None]
    makespan = max(ends) - min(begun) if ends and begun else 0
    waits = dict(tally.held)
    for state, lasted in tally.spans.items():
        if state in _STATES:
            waits[_STATES[state]] = waits.get(_STATES[state], 0) + lasted
    waits["schedule"] = sum(_waited_for_turn(run, now) for run in runs)
    longest = max((run for run in runs if run.end is not None), key=_lasted, default=None)
    slack = {} if longest is None else slack_of(longest)
    return Capacity(
        makespan=_span(makespan),
        longest_run=None if longest is None else (longest.dag.dag_id, longest.run_id, _span(_lasted(longest))),
        task_instances=len(finished),
        unfinished=sum(len(run.task_instances) for run in runs) - len(finished),
        waits={cause: _span(waited) for cause, waited in sorted(waits.items()) if waited},
        utilisation=dict(_shares(tally.taken, driver.limits, makespan)),
        missed_deadlines=sum(deadline.state == MISSED for run in runs for deadline in run.deadlines),
        critical_path=() if longest is None else tuple(critical_path(longest, slack, tally.held_by)),
        slack={ti.name: _span(spare) for ti, spare in slack.items()},
    )


def _span(microseconds: Microseconds) -> timedelta:
    return timedelta(microseconds=microseconds)


def _lasted(run: DagRun) -> Microseconds:
    return 0 if run.end is None else run.end - run.run_after


def _waited_for_turn(run: DagRun, now: Instant) -> Microseconds:
    return max((now if run.start is None else run.start) - run.run_after, 0)


def _shares(taken: dict[str, Microseconds], limits: Limits, makespan: Microseconds) -> Iterable[tuple[str, float]]:
    """Shares of slots that were taken. A pool without a limit has none."""
    if makespan <= 0:
        return
    for name in sorted(taken):
        pool = limits.pools.get(name.removeprefix("pool "))
        slots = limits.parallelism if name == "executor" else 0 if pool is None else pool.slots
        if slots > 0:
            yield name, taken[name] / (slots * makespan)


# -- the critical path ---------------------------------------------------------------------------------------------


def first_start(ti: TaskInstance) -> Instant | None:
    """When a task instance ran first, whatever it was tried again."""
    past = ti.extra
    if isinstance(past, History) and past.attempts:
        return past.attempts[0].start
    return ti.start


def critical_path(
    run: DagRun, slack: dict[TaskInstance, Microseconds], held_by: dict[TaskInstance, str]
) -> list[PathStep]:
    """The task instances that made a run as long as it was: from its last end back to whoever was waited for last."""
    ended = [ti for ti in run.task_instances.values() if ti.end is not None and first_start(ti) is not None]
    found: list[PathStep] = []
    last = max(ended, key=_end, default=None)
    while last is not None:
        start, before = first_start(last), _awaited(run, last)
        assert start is not None
        assert last.end is not None
        ready = run.start if before is None or before.end is None else before.end
        waited = max(start - (start if ready is None else ready), 0)
        because = (held_by.get(last) or "worker") if waited else None
        found.append(
            PathStep(last.name, to_datetime(start), _span(waited), because, _span(last.end - start), _span(slack[last]))
        )
        last = before
    return found[::-1]


def slack_of(run: DagRun) -> dict[TaskInstance, Microseconds]:
    """How much longer each task instance of a run might have lasted without the run ending later."""
    ends = [ti.end for ti in run.task_instances.values() if ti.end is not None]
    if not ends:
        return {}
    over = max(ends)
    found: dict[TaskInstance, Microseconds] = {}
    behind: dict[TaskInstance, list[TaskInstance]] = {}
    wiring = wiring_of(run.dag)
    ordered = sorted(run.task_instances.values(), key=lambda ti: wiring[ti.task.task_id].position)
    for ti in ordered:
        for before in _upstream(run, ti):
            behind.setdefault(before, []).append(ti)
    for ti in reversed(ordered):
        if ti.end is None:
            continue
        spare = [over - ti.end]
        for other in behind.get(ti, ()):
            start = first_start(other)
            if start is not None and other in found:
                spare.append(start - ti.end + found[other])
        found[ti] = max(min(spare), 0)
    return found


def _end(ti: TaskInstance) -> tuple[Instant, str]:
    return (Instant(-1) if ti.end is None else ti.end), ti.name


def _awaited(run: DagRun, ti: TaskInstance) -> TaskInstance | None:
    """Of those before a task instance the one that ended last."""
    start = first_start(ti)
    ended = [one for one in _upstream(run, ti) if one.end is not None and start is not None and one.end <= start]
    return max(ended, key=_end, default=None)


def _upstream(run: DagRun, ti: TaskInstance) -> Iterable[TaskInstance]:
    context = DepContext(run)
    for task_id in ti.task.upstream:
        try:
            yield from context.relevant(ti, task_id)
        except NotPopulated:
            continue

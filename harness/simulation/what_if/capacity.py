"""What a simulation that has ended says of capacity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from harness.bridge.supervisor.store import facts
from harness.kernel.instant import BEGINNING, Instant, Microseconds, to_datetime
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
    Key,
    TaskInstance,
)
from harness.scheduler.queueing import Limits
from harness.scheduler.wiring import wiring_of
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.history import history

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
    instances, finished, over = 0, 0, BEGINNING
    for ti in (ti for run in runs for ti in driver.recorder.runs.instances(run)):
        instances += 1
        if ti.state in FINISHED:
            finished, over = finished + 1, max(over, ti.end or BEGINNING)
    begun = [run.run_after for run in runs if run.start is not None]
    makespan = over - min(begun) if over and begun else 0
    waits = dict(tally.held)
    for state, lasted in tally.spans.items():
        if state in _STATES:
            waits[_STATES[state]] = waits.get(_STATES[state], 0) + lasted
    waits["schedule"] = sum(_waited_for_turn(run, now) for run in runs)
    longest = max((run for run in runs if run.end is not None), key=_lasted, default=None)
    askers = askers_of(driver)
    last, lasted = longest_chain(runs, askers)
    with driver.recorder.runs.staying():  # the path knows its task instances by what they are, not by their names
        near = {} if last is None else _brought_back(last, askers)
        slack = {} if last is None else slack_of(last, near)
        path = () if last is None else tuple(critical_path(last, slack, tally.held_by, near))
    return Capacity(
        makespan=_span(makespan),
        longest_run=None if longest is None else (longest.dag.dag_id, longest.run_id, _span(_lasted(longest))),
        task_instances=finished,
        unfinished=instances - finished,
        waits={cause: _span(waited) for cause, waited in sorted(waits.items()) if waited},
        utilisation=dict(_shares(tally.taken, driver.limits, makespan)),
        missed_deadlines=sum(deadline.state == MISSED for run in runs for deadline in run.deadlines),
        longest_chain=None if last is None else (last.dag.dag_id, last.run_id, _span(lasted)),
        critical_path=path,
        slack={} if last is None else {named_from(last, ti): _span(spare) for ti, spare in slack.items()},
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

Askers = Mapping[DagRun, Sequence[TaskInstance]]
"""Runs that others had begin -> the task instances that did: they updated its assets, or triggered it."""


def askers_of(driver: Driver) -> Askers:
    """Those of a simulation's runs."""
    found: dict[DagRun, Sequence[TaskInstance]] = {run: (ti,) for run, ti in driver.recorder.triggered.items()}
    for run in driver.store.runs.values():
        if run.run_type != "asset_triggered":
            continue
        sources = [
            ti
            for event in facts(run).consumed
            if (source := driver.store.runs.get((event.dag_id or "", event.run_id or ""))) is not None
            and (ti := _named(driver, source, (event.task_id or "", _index(event.map_index)))) is not None
        ]
        if sources:
            found[run] = sources
    return found


def _named(driver: Driver, run: DagRun, key: Key) -> TaskInstance | None:
    return next((ti for ti in driver.recorder.runs.instances(run) if ti.key == key), None)


def _brought_back(run: DagRun, askers: Askers) -> Askers:
    """The askers of a run, and of those before it, as their runs have them now: they may have been put aside since."""
    chain = _chain(run, askers)
    return {one: [ti.run.task_instances.get(ti.key, ti) for ti in askers.get(one, ())] for one in chain}


def longest_chain(runs: Iterable[DagRun], askers: Askers) -> tuple[DagRun | None, Microseconds]:
    """The run that took longest until its end, from when the first of those was due that had it begin; and how long.

    Args:
        runs: in the order in which they were made.
    """
    due: dict[DagRun, Instant] = {}
    longest: tuple[DagRun | None, Microseconds] = (None, 0)
    for run in runs:
        asker = max(askers.get(run, ()), key=_end, default=None)
        due[run] = run.run_after if asker is None else due.get(asker.run, run.run_after)
        if run.end is not None and (longest[0] is None or run.end - due[run] > longest[1]):
            longest = run, run.end - due[run]
    return longest


def first_start(ti: TaskInstance) -> Instant | None:
    """When a task instance ran first, whatever it was tried again."""
    if ti.extra is not None and history(ti).attempts:
        return history(ti).attempts[0].start
    return ti.start


def critical_path(
    run: DagRun, slack: Mapping[TaskInstance, Microseconds], held_by: Mapping[TaskInstance, str], askers: Askers
) -> list[PathStep]:
    """The task instances that made a run as long as it was: from its last end back to whoever was waited for last.

    It goes on in the runs that had this one begin.
    """
    ended = [ti for ti in run.task_instances.values() if ti.end is not None and first_start(ti) is not None]
    found: list[PathStep] = []
    last = max(ended, key=_end, default=None)
    while last is not None:
        start, before = first_start(last), _awaited(last, askers)
        assert start is not None
        assert last.end is not None
        ready = last.run.start if before is None or before.end is None else before.end
        waited = max(start - (start if ready is None else ready), 0)
        because = (held_by.get(last) or "worker") if waited else None
        found.append(
            PathStep(
                name=named_from(run, last),
                start=to_datetime(start),
                waited=_span(waited),
                because=because,
                lasted=_span(last.end - start),
                slack=_span(slack[last]),
                dag_id=last.run.dag.dag_id,
                run_id=last.run.run_id,
            )
        )
        last = before
    return found[::-1]


def named_from(run: DagRun, ti: TaskInstance) -> str:
    """A task instance as it is called where one speaks of a run: those of other runs with their Dag."""
    return ti.name if ti.run is run else f"{ti.run.dag.dag_id}.{ti.name}"


def slack_of(run: DagRun, askers: Askers) -> dict[TaskInstance, Microseconds]:
    """How much longer each task instance might have lasted without a run ending later: of it, and of all before it."""
    ends = [ti.end for ti in run.task_instances.values() if ti.end is not None]
    if not ends:
        return {}
    over = max(ends)
    found: dict[TaskInstance, Microseconds] = {}
    behind: dict[TaskInstance, list[TaskInstance]] = {}
    ordered = [ti for one in _chain(run, askers) for ti in _in_order(one)]
    for ti in ordered:
        for before in _before(ti, askers):
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


def _chain(run: DagRun, askers: Askers) -> list[DagRun]:
    """A run behind all those that had it begin, as they were made."""
    found, left = {run}, [run]
    while left:
        for asker in askers.get(left.pop(), ()):
            if asker.run not in found:
                found.add(asker.run)
                left.append(asker.run)
    return sorted(found, key=lambda one: one.ordinal)


def _in_order(run: DagRun) -> list[TaskInstance]:
    wiring = wiring_of(run.dag)
    return sorted(run.task_instances.values(), key=lambda ti: wiring[ti.task.task_id].position)


def _index(map_index: int | None) -> int:
    return -1 if map_index is None else map_index


def _end(ti: TaskInstance) -> tuple[Instant, str]:
    return (Instant(-1) if ti.end is None else ti.end), ti.name


def _awaited(ti: TaskInstance, askers: Askers) -> TaskInstance | None:
    """Of those before a task instance the one that ended last."""
    start = first_start(ti)
    ended = [one for one in _before(ti, askers) if one.end is not None and start is not None and one.end <= start]
    return max(ended, key=_end, default=None)


def _before(ti: TaskInstance, askers: Askers) -> Iterable[TaskInstance]:
    """Its upstream; of one that has none, who had its run begin."""
    if not ti.task.upstream:
        return askers.get(ti.run, ())
    return _upstream(ti.run, ti)


def _upstream(run: DagRun, ti: TaskInstance) -> Iterable[TaskInstance]:
    context = DepContext(run)
    for task_id in ti.task.upstream:
        try:
            yield from context.relevant(ti, task_id)
        except NotPopulated:
            continue

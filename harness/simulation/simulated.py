"""The simulation of a folder's calendar, from one instant to another, and what it says of Dags that made no run.

Those are Dags that the harness cannot simulate, and Dags that were not due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from harness.bridge.backfills import is_partitioned
from harness.bridge.snapshot import loops, unknown_schedule, watched_assets
from harness.bridge.timetables import timetable_of
from harness.errors import HarnessError
from harness.kernel import iso
from harness.kernel.instant import to_datetime, to_instant
from harness.results.calendar import CalendarResult
from harness.results.finding import Finding
from harness.simulation.actions import Actor
from harness.simulation.calendar import Calendar, ScheduledDag
from harness.simulation.options import CalendarOptions
from harness.simulation.replays.shards import Shard
from harness.simulation.results import run_result
from harness.simulation.run_factory import RunFactory
from harness.simulation.schedules.idle import why_no_run
from harness.simulation.stuck import WaitReasons, stuck_findings
from harness.simulation.what_if.capacity import capacity_of

if TYPE_CHECKING:
    from airflow.sdk import DAG


SimulatedCalendar = Callable[[RunFactory, Iterable["DAG"], CalendarOptions], CalendarResult]
"""Simulates the calendar of some Dags on a factory that was not used yet; `simulated_calendar` is one."""


def simulated_calendar(
    run_factory: RunFactory, dags: Iterable[DAG], options: CalendarOptions, shard: Shard | None = None
) -> CalendarResult:
    """Simulate the calendar of some Dags on a factory that was not used yet.

    Args:
        shard: the part of a replay that is simulated; the result has its runs alone. None: all of it.
    """
    begin, end = to_instant(options.since), to_instant(options.until)
    run_factory.patient = not options.schedules
    with run_factory.opened(begin, options.seed, options.debug, options.on_error) as driver:
        since = None if options.fresh else begin
        chosen = {dag.dag_id: dag for dag in dags}
        left = [chosen[name] for name in chosen if name not in run_factory.refused]
        made_by = (options.schedules, options.fail_fast)
        calendar = Calendar(driver, left, run_factory.create, since, options.conf, *made_by, run_factory.known)
        calendar.findings += [
            refusal(run_factory.refused[name], name) for name in chosen if name in run_factory.refused
        ]
        driver.calendar = calendar
        if shard is not None:
            shard.attach(run_factory.recorder, driver)
        actor = Actor(run_factory, driver, calendar)
        for action in options.actions:
            actor.plan(action, end)
        calendar.begin()
        run_factory.run_until(driver, end)
        waits = WaitReasons(driver)
        waiting = [
            (ti.run.dag.dag_id, ti.run.run_id, ti.name, waits.of(ti))
            for ti in driver.unfinished()
            if ti.state is not None
        ]
        busy_until, capacity = driver.simulation.now, capacity_of(driver)
        if not run_factory.was_interrupted and (shard is None or shard.end is None):
            for run, finding in stuck_findings(driver):
                run_factory.recorder.finding(run, finding)
            calendar.findings += not_simulated(calendar)
            calendar.findings += nothing_ran(calendar, options)
            calendar.findings += run_factory.not_happened()
        left = idle(calendar)
        driver.simulation.close()
        calendar.findings += run_factory.recorder.at_the_end()
        mine = slice(None) if shard is None else shard.own
        runs, recorder = [], run_factory.recorder
        for run in list(run_factory.store.runs.values())[mine]:
            runs.append(run_result(run, recorder))
            if not recorder.runs.spills:  # its result has them now: both of all runs would be an eighth more
                recorder.events.pop(run, None)
    backfills = calendar.backfills.results()
    until = busy_until if run_factory.was_interrupted or not options.schedules else end
    needs = run_factory.needs()
    found = CalendarResult(
        options.since,
        to_datetime(until),
        tuple(runs),
        tuple(waiting),
        tuple(calendar.findings),
        to_datetime(busy_until),
        backfills=tuple(backfills),
        idle=tuple(left),
        not_in_world=tuple(needs),
        world_events=run_factory.world_events(),
        was_interrupted=run_factory.was_interrupted,
        capacity=capacity,
    )
    run_factory.interrupted(found)
    return found


def refusal(error: HarnessError, dag_id: str) -> Finding:
    """A Dag that is left out."""
    path, _, _ = (error.where or "").partition("  ")
    return Finding(error.id, "error", f"{dag_id}: {error.fact}", path, dag_id=dag_id, fix=error.fix)


SHOWN = 8


def not_simulated(calendar: Calendar) -> Iterator[Finding]:
    """A finding for each Dag whose runs, or some of them, the harness cannot make."""
    for entry in calendar.entries.values():
        if is_partitioned(entry.dag):
            kind = type(timetable_of(entry.dag)).__name__
            fact = f"is not simulated: its timetable ({kind}) makes runs of partitions, which the harness does not know"
        elif watched := watched_assets(entry.dag):
            fact = f"is not simulated where a watcher of {', '.join(map(repr, watched))} starts it: no watcher listens"
        elif reasons := unknown_schedule(entry.dag):
            fact = f"is not simulated as Airflow runs it: {reasons}"
        elif repeated := loops(entry.dag):
            fact = f"is not simulated as Airflow runs it: {_repeated(repeated)}"
        else:
            continue
        yield _finding(entry, "not-simulated", "error", fact, _leave_out(calendar, entry))


def runs_otherwise(dag: DAG) -> Iterator[Finding]:
    """A finding where a run of a Dag is not what Airflow makes of it."""
    if repeated := loops(dag):
        fact = f"{dag.dag_id}: is not simulated as Airflow runs it: {_repeated(repeated)}"
        yield Finding("not-simulated", "error", fact, str(dag.fileloc), dag_id=dag.dag_id)


def _repeated(groups: list[str]) -> str:
    return f"the tasks of the loop {', '.join(map(repr, groups))} run once here, whatever its gate decides"


def idle(calendar: Calendar) -> list[tuple[str, str]]:
    """(dag_id, why) of each Dag that made no run, by dag_id."""
    made = {run.dag.dag_id for run in calendar.driver.store.runs.values()}
    asked = {request.dag_id for request in calendar.backfills.requested}
    left = [(dag_id, entry) for dag_id, entry in calendar.entries.items() if dag_id not in made]
    return [(dag_id, "its backfill makes none" if dag_id in asked else _why(entry)) for dag_id, entry in left]


def nothing_ran(calendar: Calendar, options: CalendarOptions) -> Iterator[Finding]:
    """What a calendar says that ran less than it may seem: paused Dags, Dags asked for by name, and no run at all."""
    left = idle(calendar)
    broken = {finding.dag_id for finding in calendar.findings if finding.severity == "error"}
    tried = {request.dag_id for request in calendar.backfills.requested if request.wanted.dry_run}
    if tried and not options.schedules:  # no run was to be made, also none of a Dag that waits for those of others
        return
    found = bool(calendar.findings)
    for dag_id, why in left:
        entry = calendar.entries[dag_id]
        # Who names a Dag wants its runs; among all of a folder, some are always without one.
        asked_for = dag_id in options.dag_ids and dag_id not in tried
        if entry.calendar.paused and not any(action.dag_id == dag_id for action in options.actions):
            fact = "is paused upon creation, so its schedule made no run"
            fix = f"--action '{iso(options.since)} unpause {dag_id}' (in a test actions=[…])"
            yield _finding(entry, "dag-paused", "error" if asked_for else "warning", fact, fix)
            found = True
        elif asked_for and dag_id not in broken:
            fact = f"no run between {iso(options.since)} and {iso(options.until)}: {why}"
            yield _finding(entry, "nothing-ran", "error", fact, _due(dag_id))
            found = True
    if found or calendar.driver.store.runs or calendar.backfills.requested:
        return
    reasons = "; ".join(f"{dag_id}: {why}" for dag_id, why in left[:SHOWN]) or "no Dag is left to simulate"
    reasons += f"; and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    fact = f"no run between {iso(options.since)} and {iso(options.until)}: {reasons}"
    yield Finding("nothing-ran", "warning", fact, fix=_due("DAG"))


def _due(dag_id: str) -> str:
    return f"take a stretch that holds a due date, or trigger it: --action 'ISO trigger {dag_id}'"


def _why(entry: ScheduledDag) -> str:
    due = None if entry.plan is None else entry.plan.run_after
    return why_no_run(entry.dag, entry.calendar.paused, due, entry.calendar.condition)


def _leave_out(calendar: Calendar, entry: ScheduledDag) -> str:
    dag_id = entry.dag.dag_id
    others = [name for name, other in calendar.entries.items() if other is not entry and not is_partitioned(other.dag)]
    name = f"trigger its runs: --action 'ISO trigger {dag_id}', or run one: airflow-harness run {dag_id} --manual"
    return f"{name}; --dag {others[0]} names those to simulate" if others else name


def _finding(entry: ScheduledDag, check: str, severity: str, fact: str, fix: str) -> Finding:
    dag_id = entry.dag.dag_id
    return Finding(check, severity, f"{dag_id}: {fact}", str(entry.dag.fileloc), dag_id=dag_id, fix=fix)

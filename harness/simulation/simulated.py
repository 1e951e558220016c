"""The simulation of a folder's calendar, from one instant to another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.kernel.instant import to_datetime, to_instant
from harness.results.calendar import CalendarResult
from harness.results.finding import Finding
from harness.simulation.actions import Actor
from harness.simulation.calendar import Calendar
from harness.simulation.idle import idle, not_simulated, nothing_ran
from harness.simulation.options import CalendarOptions
from harness.simulation.results import run_result
from harness.simulation.run_factory import RunFactory
from harness.simulation.stuck import WaitReasons, stuck_findings

if TYPE_CHECKING:
    from airflow.sdk import DAG


def simulated_calendar(run_factory: RunFactory, dags: Iterable[DAG], options: CalendarOptions) -> CalendarResult:
    """Simulate the calendar of some Dags on a stage that was not used yet."""
    begin, end = to_instant(options.since), to_instant(options.until)
    with run_factory.opened(begin, options.seed, options.debug, options.on_error) as driver:
        since = None if options.fresh else begin
        chosen = {dag.dag_id: dag for dag in dags}
        left = [chosen[name] for name in chosen if name not in run_factory.refused]
        calendar = Calendar(driver, left, run_factory.create, since, options.conf)
        calendar.findings += [
            refusal(run_factory.refused[name], name) for name in chosen if name in run_factory.refused
        ]
        driver.calendar = calendar
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
        busy_until = driver.simulation.now
        if not run_factory.was_interrupted:
            for run, finding in stuck_findings(driver):
                run_factory.recorder.finding(run, finding)
            calendar.findings += not_simulated(calendar)
            calendar.findings += nothing_ran(calendar, options)
        left = idle(calendar)
        driver.simulation.close()
        calendar.findings += run_factory.recorder.at_the_end()
        runs = [run_result(run, run_factory.recorder) for run in run_factory.store.runs.values()]
    backfills = calendar.backfills.results()
    until = busy_until if run_factory.was_interrupted else end
    needs = run_factory.needs()
    found = CalendarResult(
        options.since,
        to_datetime(until),
        runs,
        waiting,
        calendar.findings,
        to_datetime(busy_until),
        backfills=backfills,
        idle=left,
        not_in_world=needs,
        was_interrupted=run_factory.was_interrupted,
    )
    run_factory.interrupted(found)
    return found


def refusal(error: HarnessError, dag_id: str) -> Finding:
    """A Dag that is left out."""
    path, _, _ = (error.where or "").partition("  ")
    return Finding(error.id, "error", f"{dag_id}: {error.fact}", path, dag_id=dag_id, fix=error.fix)

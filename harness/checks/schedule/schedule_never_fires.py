"""``schedule-never-fires``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bridge.parsing.schedule import first_run, surely_runs
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("schedule-never-fires")
def schedule_never_fires(context: DagContext) -> Iterator[Problem]:
    """A schedule that never makes a run: a cron that matches no date, an ``end_date`` before the first one, a timetable
    that raises.

    The scheduler logs what a timetable raises, makes no run and goes on; the Dag looks healthy and stays empty.

    Fix: correct the expression or the dates. A Dag that is to rest is paused, or has ``schedule=None``.
    """
    dag = context.dag
    if surely_runs(dag) or not context.is_periodic:
        return
    timetable = context.timetable
    named = f"schedule {getattr(timetable, 'summary', None) or type(timetable).__name__!s}"
    if dag.start_date is not None and dag.end_date is not None and dag.end_date < dag.start_date:
        between = f"end_date {dag.end_date:%Y-%m-%d} is before start_date {dag.start_date:%Y-%m-%d}"
        yield Problem(f"{named} never makes a run: {between}", fix="correct end_date")
        return
    first = first_run(dag, timetable)
    if first.exists or isinstance(first.error, (OSError, ImportError)):
        return  # what a timetable reads may only be there in production
    if first.error is None:
        since = f" from {dag.start_date:%Y-%m-%d}" if dag.start_date else ""
        until = f" to {dag.end_date:%Y-%m-%d}" if dag.end_date else ""
        yield Problem(f"{named} has no date{since}{until}", fix="correct the schedule, start_date or end_date")
    elif type(first.error).__name__ == "CroniterBadDateError":
        yield Problem(f"{named} matches no date", fix="correct the day and the month")
    else:
        said = f"{type(first.error).__name__}: {first.error}"
        yield Problem(f"{named} raises when it is asked for its first run: {said}", fix="correct the timetable")

"""The run that a Dag's schedule asks for next, as the scheduler computes it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from harness.bridge.timetables import RunPlan, plan_of, timetable_of
from harness.bridge.versions.timetables import next_info
from harness.kernel.instant import Instant, later, span, to_datetime, to_instant

if TYPE_CHECKING:
    from airflow.sdk import DAG


def next_run(dag: DAG, last: RunPlan | None) -> RunPlan | None:
    """The scheduled run after ``last``, or the first one; None when the schedule asks for none.

    The present instant matters to a Dag without catchup: its timetable skips what lies behind.
    Source: ``DagModel.calculate_dagrun_date_fields``, ``SerializedDAG.next_dagrun_info`` (3.3.2; 3.1 has no
    ``next_dagrun_info_v2``). Where the scheduler logs what a timetable raises and makes no run, this raises it.
    """
    timetable = timetable_of(dag)
    if not timetable.can_be_scheduled or getattr(timetable, "partitioned", False):
        return None
    info = next_info(timetable, _info(last), restriction_of(dag, dag.catchup))
    return None if info is None else plan_of("scheduled", timetable, info)


def next_run_since(dag: DAG, since: Instant) -> RunPlan | None:
    """The first scheduled run not due before an instant, all earlier ones taken for made.

    Asked at that very instant: what a schedule without catchup would make first tells where the schedule stands.
    """
    timetable = timetable_of(dag)
    if not timetable.can_be_scheduled or getattr(timetable, "partitioned", False):
        return None
    restriction = restriction_of(dag, catchup=False)
    delta = getattr(timetable, "_delta", None)
    if dag.catchup and isinstance(delta, timedelta) and restriction.earliest is not None:
        info = _on_grid(timetable, restriction, delta, since)  # anchored at start_date, which skipping does not respect
    else:
        info = next_info(timetable, None, restriction)
    while info is not None and to_instant(info.run_after) < since:
        info = next_info(timetable, info, restriction_of(dag, dag.catchup))
    return None if info is None else plan_of("scheduled", timetable, info)


def _on_grid(timetable: Any, restriction: Any, delta: timedelta, since: Instant) -> Any:
    start = to_instant(restriction.earliest)
    behind = max(0, (since - start) // span(delta) - 1)
    moved = restriction._replace(earliest=pendulum_of(later(start, behind * span(delta))), catchup=True)
    return next_info(timetable, None, moved)


def _info(last: RunPlan | None) -> Any:
    from airflow.timetables.base import DagRunInfo, DataInterval

    if last is None:
        return None
    interval = None
    if last.data_interval_start is not None and last.data_interval_end is not None:
        interval = DataInterval(pendulum_of(last.data_interval_start), pendulum_of(last.data_interval_end))
    nothing = dict.fromkeys(DagRunInfo._fields)  # 3.2 has no defaults for its partition fields
    return DagRunInfo(**{**nothing, "run_after": pendulum_of(last.run_after), "data_interval": interval})


def restriction_of(dag: DAG, catchup: bool) -> Any:
    """The ``TimeRestriction`` of a Dag.

    Source: ``SerializedDAG._time_restriction`` (3.1.8, 3.3.2).
    """
    from airflow.timetables.base import TimeRestriction

    starts = [task.start_date for task in dag.tasks if task.start_date]
    starts += [dag.start_date] if dag.start_date is not None else []
    ends = [task.end_date for task in dag.tasks if task.end_date]
    latest = dag.end_date
    if len(ends) == len(dag.tasks):
        ends += [dag.end_date] if dag.end_date is not None else []
        latest = max(ends, default=latest)
    return TimeRestriction(
        earliest=pendulum_of(to_instant(min(starts))) if starts else None,
        latest=pendulum_of(to_instant(latest)) if latest is not None else None,
        catchup=catchup,
    )


def pendulum_of(at: Instant) -> Any:
    """An instant as timetables want it."""
    import pendulum

    return pendulum.instance(to_datetime(at), tz="UTC")

"""Which run a Dag's own timetable makes for a date, and which it asks for next, as the scheduler computes it.

The timetables are Airflow's objects, asked, not copied.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.bridge.versions.names import attribute
from harness.bridge.versions.timetables import core_timetable, next_info
from harness.errors import OffSchedule, UsageError
from harness.kernel.instant import Instant, iso, later, span, to_datetime, to_instant

if TYPE_CHECKING:
    from airflow.sdk import DAG
    from airflow.timetables.base import Timetable

DEFAULT_DATE = Instant(1_735_689_600_000_000)
"""2025-01-01T00:00Z: the date of a run when neither the caller nor the Dag names one."""

EARLIEST: Instant = to_instant(datetime(2, 1, 1, tzinfo=timezone.utc))
LATEST: Instant = to_instant(datetime(9000, 1, 1, tzinfo=timezone.utc))
"""Dates that are taken: a time zone, an interval and a hundred years of virtual time stay within Python's calendar."""

SEARCH_STEPS = 400
KEPT_TIMETABLES = 4096
_core_timetables: dict[int, tuple[Any, Timetable]] = {}
"""By id of a Dag's timetable, which is kept with it. One for the process: it depends on nothing but that object."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A Dag run before it exists; the names are DagRun's columns."""

    run_id: str
    run_type: str
    logical_date: Instant | None
    data_interval_start: Instant | None
    data_interval_end: Instant | None
    run_after: Instant

    def named(self, run_id: str) -> RunPlan:
        """The same under another run_id."""
        return replace(self, run_id=run_id)


def timetable_of(dag: DAG) -> Timetable:
    """The scheduler's timetable of a Dag; made once for each timetable object."""
    declared = dag.timetable
    known = _core_timetables.get(id(declared))
    if known is None or known[0] is not declared:
        if len(_core_timetables) > KEPT_TIMETABLES:
            _core_timetables.clear()
        known = _core_timetables[id(declared)] = (declared, core_timetable(dag))
    return known[1]


def allows(dag: DAG, run_type: str) -> bool:
    """Whether runs of a type, as ``scheduled`` or ``backfill``, are made of a Dag.

    Source: ``DAG.allowed_run_types`` (3.2 and later).
    """
    types = attribute(dag, "allowed_run_types")
    return not types or run_type in [str(getattr(kind, "value", kind)) for kind in types]


def scheduled(dag: DAG, logical_date: Instant | None) -> RunPlan:
    """The run as the schedule makes it: type, interval and id.

    Args:
        logical_date: None takes the first run of the schedule.
    Raises: OffSchedule: before ``start_date``, after ``end_date``, or a date the timetable never produces.
    """
    timetable = timetable_of(dag)
    if not timetable.can_be_scheduled or type(timetable).__name__ == "NullTimetable":
        return manual(dag, logical_date)
    if _only_assets(timetable):
        at = logical_date if logical_date is not None else first_date(dag)
        return RunPlan(_run_id("asset_triggered", timetable, at, None), "asset_triggered", None, None, None, at)
    earliest = first_date(dag)
    info = _next(timetable, logical_date if logical_date is not None else earliest, earliest, dag)
    if logical_date is not None and (info is None or to_instant(info.logical_date) != logical_date):
        raise _off_schedule(dag, timetable, logical_date, earliest)
    if info is None:
        raise OffSchedule(
            f"the schedule of {dag.dag_id!r} never makes a run", where=f"{dag.fileloc}  start_date={iso(earliest)}"
        )
    return plan_of("scheduled", timetable, info)


def _only_assets(timetable: Any) -> bool:
    """Whether nothing but asset events starts runs (``AssetOrTimeSchedule`` has a timetable of its own besides)."""
    from airflow.timetables.simple import AssetTriggeredTimetable

    return isinstance(timetable, AssetTriggeredTimetable) and not hasattr(timetable, "timetable")


def asset_triggered(dag: DAG, run_after: Instant, ordinal: int) -> RunPlan:
    """The run that asset events start.

    Args:
        ordinal: which one of the Dag it is; where Airflow makes a run_id unique at random, this does.
    Source: ``DagRun.generate_run_id`` (3.3.2).
    """
    made = f"{_run_id('asset_triggered', timetable_of(dag), run_after, None)}_{ordinal:08}"
    return RunPlan(made, "asset_triggered", None, None, None, run_after)


def manual(dag: DAG, logical_date: Instant | None) -> RunPlan:
    """The run a person makes with "Trigger Dag". Source: ``DAG.test`` and the trigger endpoint (3.3.2)."""
    import pendulum

    timetable = timetable_of(dag)
    at = logical_date if logical_date is not None else first_date(dag)
    moment = pendulum.instance(to_datetime(at), tz="UTC")
    interval = timetable.infer_manual_data_interval(run_after=moment)
    start, end = (to_instant(interval.start), to_instant(interval.end)) if interval else (None, None)
    return RunPlan(_run_id("manual", timetable, at, interval), "manual", at, start, end, at)


def first_date(dag: DAG) -> Instant:
    """The earliest ``start_date`` of the Dag and its tasks, `DEFAULT_DATE` when there is none."""
    dates = [dag.start_date] if dag.start_date else [t.start_date for t in dag.tasks if t.start_date]
    return min(map(to_instant, dates), default=DEFAULT_DATE)


def default_date(dag: DAG) -> Instant:
    """The logical date of a run that nobody gave one: of the schedule's first, as `scheduled` makes it.

    Raises: OffSchedule: the schedule never makes a run.
    """
    plan = scheduled(dag, None)
    return plan.run_after if plan.logical_date is None else plan.logical_date


def last_date(dag: DAG) -> Instant | None:
    """The Dag's ``end_date``."""
    return to_instant(dag.end_date) if dag.end_date else None


def scheduled_from(dag: DAG, at: Instant) -> Instant | None:
    """The first logical date, not before an instant, at which the schedule makes a run.

    Returns: None when it makes none then, or when there is none but asset events or people.
    """
    timetable = timetable_of(dag)
    if not timetable.can_be_scheduled or type(timetable).__name__ == "NullTimetable" or _only_assets(timetable):
        return None
    found = _next(timetable, at, first_date(dag), dag)
    return None if found is None else to_instant(found.logical_date)


def _restriction(earliest: Instant, dag: DAG) -> Any:
    import pendulum
    from airflow.timetables.base import TimeRestriction

    latest = pendulum.instance(dag.end_date) if dag.end_date else None
    return TimeRestriction(earliest=pendulum.instance(to_datetime(earliest)), latest=latest, catchup=True)


def _next(timetable: Any, at: Instant, earliest: Instant, dag: DAG) -> Any:
    """The first run whose logical date is not before ``at``."""
    return timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=_restriction(max(at, earliest), dag)
    )


def plan_of(run_type: str, timetable: Any, info: Any) -> RunPlan:
    """A run as a timetable's ``DagRunInfo`` describes it."""
    interval = info.data_interval
    run_after = to_instant(info.run_after)
    return RunPlan(
        _run_id(run_type, timetable, run_after, interval),
        run_type,
        to_instant(info.logical_date),
        to_instant(interval.start),
        to_instant(interval.end),
        run_after,
    )


def _run_id(run_type: str, timetable: Any, run_after: Instant, interval: Any) -> str:
    import pendulum
    from airflow.utils.types import DagRunType

    moment = pendulum.instance(to_datetime(run_after), tz="UTC")
    if run_type in ("asset_triggered", "backfill"):
        return f"{run_type}__{moment.isoformat()}"
    made: str = timetable.generate_run_id(run_type=DagRunType(run_type), run_after=moment, data_interval=interval)
    return made


def _off_schedule(dag: DAG, timetable: Any, moment: Instant, earliest: Instant) -> OffSchedule:
    before, after = _neighbours(dag, timetable, moment, earliest)
    near = ", ".join(iso(at) for at in (before, after) if at is not None) or "(none)"
    if moment < earliest:
        fact = f"{dag.dag_id!r} has no run at {iso(moment)}: its start_date is {iso(earliest)}"
    elif dag.end_date and moment > to_instant(dag.end_date):
        fact = f"{dag.dag_id!r} has no run at {iso(moment)}: its end_date is {iso(to_instant(dag.end_date))}"
    else:
        fact = f"{dag.dag_id!r} has no run at {iso(moment)}: its schedule ({timetable.summary}) does not name that date"
    return OffSchedule(
        fact,
        where=str(dag.fileloc),
        known=f"nearest: {near}",
        why="the scheduler would never create this run; only a person could",
        fix="take one of the nearest dates, or ask for a manual run (--manual, in a test manual=True)",
    )


def _neighbours(dag: DAG, timetable: Any, at: Instant, earliest: Instant) -> tuple[Instant | None, Instant | None]:
    """The logical dates next to one that is not on the schedule."""
    following = _next(timetable, at, earliest, dag)
    after = to_instant(following.logical_date) if following is not None else None
    before: Instant | None = None
    window = timedelta(minutes=1)
    while at > earliest and before is None and window < timedelta(days=3660):
        start = max(later(at, -span(window)), earliest)
        before = _last_before(timetable, start, at, dag)
        window *= 4
    return before, after


def _last_before(timetable: Any, start: Instant, end: Instant, dag: DAG) -> Instant | None:
    found: Instant | None = None
    info = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=_restriction(start, dag))
    for _ in range(SEARCH_STEPS):
        if info is None or to_instant(info.logical_date) >= end:
            break
        found = to_instant(info.logical_date)
        info = timetable.next_dagrun_info(
            last_automated_data_interval=info.data_interval, restriction=_restriction(start, dag)
        )
    return found


def parse_date(text: str) -> Instant:
    """An ISO 8601 date or date-time; UTC when it names no zone.

    Raises: ValueError: anything else; BeyondCalendar: not between `EARLIEST` and `LATEST`.
    """
    return _within(datetime.fromisoformat(text.replace("Z", "+00:00")))


def moment_of(value: str | date) -> Instant:
    """The instant of ISO text, a ``datetime`` or a ``date`` (its midnight); UTC where no zone is named.

    Raises: ValueError: other text; BeyondCalendar: not between `EARLIEST` and `LATEST`. TypeError: anything else.
    """
    if isinstance(value, str):
        return parse_date(value)
    if not isinstance(value, date):
        raise TypeError(f"{value!r} is no date")
    return _within(value if isinstance(value, datetime) else datetime.combine(value, time()))


def moment_of_argument(value: str | date, name: str) -> Instant:
    """The same of what somebody's code gives as an argument.

    Args:
        name: of the argument, for the error.
    Raises: UsageError: it is no date, or lies beyond the calendar.
    """
    fix = f'{name}="2025-01-01", or a datetime'
    try:
        return moment_of(value)
    except BeyondCalendar as error:
        raise UsageError(f"{name}={value!r}: {error}", fix=fix) from None
    except (TypeError, ValueError):
        raise UsageError(f"{name}={value!r} is no date", fix=fix) from None


class BeyondCalendar(ValueError):
    """A date so near the end of Python's calendar that no schedule can be asked for it."""


def _within(moment: datetime) -> Instant:
    found = to_instant(moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc))
    if not EARLIEST <= found <= LATEST:
        raise BeyondCalendar(f"{moment.isoformat()} does not lie between the years 2 and 9000")
    return found


def next_run(dag: DAG, last: RunPlan | None, timetable: Any = None) -> RunPlan | None:
    """The scheduled run after ``last``, or the first one; None when the schedule asks for none.

    The present instant matters to a Dag without catchup: its timetable skips what lies behind.

    Args:
        timetable: in the place of the Dag's own.
    Source: ``DagModel.calculate_dagrun_date_fields``, ``SerializedDAG.next_dagrun_info`` (3.3.2; 3.1 has no
    ``next_dagrun_info_v2``). Where the scheduler logs what a timetable raises and makes no run, this raises it.
    """
    timetable = timetable_of(dag) if timetable is None else timetable
    if not timetable.can_be_scheduled or attribute(timetable, "partitioned"):
        return None
    info = next_info(timetable, _info(last), restriction_of(dag, dag.catchup))
    return None if info is None else plan_of("scheduled", timetable, info)


class ScheduleMemo:
    """What Airflow's own timetables answered in one calendar: Dags of one schedule and one stretch are asked once.

    A timetable of the user's is asked every time: it may answer as it likes. Asking costs a millisecond, as much as the
    rules for some twenty task instances.
    """

    def __init__(self) -> None:
        self._identities: dict[str, tuple[Any, ...] | None] = {}
        self._plans: dict[tuple[Any, ...], RunPlan | None] = {}
        self._timetables: dict[tuple[Any, ...], Any] = {}

    def next_run(self, dag: DAG, last: RunPlan | None, now: Instant) -> RunPlan | None:
        """`next_run`, asked at an instant."""
        before = None if last is None else (last.data_interval_start, last.data_interval_end, last.run_after)
        return self._asked(dag, (before, now), lambda timetable: next_run(dag, last, timetable))

    def next_run_since(self, dag: DAG, since: Instant) -> RunPlan | None:
        """`next_run_since`."""
        return self._asked(dag, ("since", since), lambda _: next_run_since(dag, since))

    def _asked(self, dag: DAG, question: tuple[Any, ...], ask: Callable[[Any], RunPlan | None]) -> RunPlan | None:
        if dag.dag_id not in self._identities:
            self._identities[dag.dag_id] = _identity(dag)
        identity = self._identities[dag.dag_id]
        if identity is None:
            return ask(None)
        key = (identity, question)
        if key not in self._plans:
            if identity not in self._timetables:
                self._timetables[identity] = _remembering(timetable_of(dag))
            self._plans[key] = ask(self._timetables[identity])
        return self._plans[key]


DATES_REMEMBERED = 64


def _remembering(timetable: Any) -> Any:
    """A copy of one of Airflow's timetables that looks for the date next to another once.

    For one answer croniter reads the expression five times, mostly for dates of which it was asked just before: that
    took a seventh of a calendar whose tasks run no code. What it finds hangs on the date alone, which is always in UTC.
    """
    made = copy(timetable)
    for name in ("_get_next", "_get_prev"):
        if hasattr(made, name):
            setattr(made, name, lru_cache(DATES_REMEMBERED)(getattr(made, name)))
    return made


def _identity(dag: DAG) -> tuple[Any, ...] | None:
    """What the answers of a Dag's timetable hang on beside the run before and the present; None: on more than that."""
    timetable = timetable_of(dag)
    if not type(timetable).__module__.startswith("airflow.timetables."):
        return None
    limits = restriction_of(dag, dag.catchup)
    return type(timetable), json.dumps(timetable.serialize(), sort_keys=True, default=str), *limits


def next_run_since(dag: DAG, since: Instant) -> RunPlan | None:
    """The first scheduled run not due before an instant, all earlier ones taken for made.

    Asked at that very instant: what a schedule without catchup would make first tells where the schedule stands.
    """
    timetable = timetable_of(dag)
    if not timetable.can_be_scheduled or attribute(timetable, "partitioned"):
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

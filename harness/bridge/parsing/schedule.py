"""What a Dag's own timetable says of its runs, for checks: the first ones, how many are due, clocks that change."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.bridge.timetables import restriction_of
from harness.bridge.versions.timetables import next_info
from harness.bridge.zone_transitions import offset_at, transitions

if TYPE_CHECKING:
    from airflow.sdk import DAG
    from airflow.timetables.base import Timetable

WITHOUT_START = datetime(2025, 1, 1, tzinfo=timezone.utc)
"""Where a Dag without ``start_date`` is taken to begin."""
_MOST_A_DAY = 4
"""Times of the day of a cron that is looked at for clock changes."""
_YEAR = timedelta(days=370)


class First(NamedTuple):
    """The first run that a schedule makes, with all catchup.

    Attributes:
        exists: whether there is one.
        width: of its data interval; None without one.
        error: what the timetable raised.
    """

    exists: bool
    width: timedelta | None = None
    error: Exception | None = None


class Due(NamedTuple):
    """Runs that a schedule has made due.

    Attributes:
        number: how many.
        exact: else it is an estimate, by the distance of the first ones.
    """

    number: int
    exact: bool


class ClockChange(NamedTuple):
    """A run at a time of day that a zone's clocks skip (``gap``) or show twice (``fold``).

    Attributes:
        day: of the clock change, ISO.
        planned: as the cron says, ``02:30``.
        runs: when Airflow starts it that day, local time with offset.
    """

    kind: str
    day: str
    planned: str
    runs: str


def surely_runs(dag: DAG) -> bool:
    """Whether a Dag's schedule is of the plain kind that always has a run to come; asked without making it.

    A cron that names no day of the month, or one that every month has, and a span of time, with no ``end_date``.
    """
    timetable = dag.timetable
    if dag.end_date is not None or not type(timetable).__module__.startswith("airflow."):
        return False
    if isinstance(getattr(timetable, "delta", getattr(timetable, "_delta", None)), timedelta):
        return True
    fields = str(getattr(timetable, "expression", getattr(timetable, "_expression", ""))).split()
    return len(fields) == 5 and (fields[2] == "*" or (fields[2].isdecimal() and 1 <= int(fields[2]) <= 28))


def now() -> datetime:
    """The present, as the process has it."""
    return datetime.now(timezone.utc)


def first_run(dag: DAG, timetable: Timetable) -> First:
    """Ask a timetable for the first run between ``start_date`` and ``end_date``, whatever the present is."""
    try:
        info = next_info(timetable, None, _restriction(dag))
    except Exception as error:
        return First(False, error=error)
    if info is None:
        return First(False)
    interval = info.data_interval
    return First(True, None if interval is None else interval.end - interval.start)


def due_runs(dag: DAG, timetable: Timetable, at: datetime, most: int) -> Due:
    """How many runs the scheduler would make, were the Dag unpaused with catchup.

    Args:
        most: so many are counted, one by one; beyond, their number is estimated.
    Raises: whatever the timetable raises.
    """
    restriction = _restriction(dag)
    info = next_info(timetable, None, restriction)
    first, count = info, 0
    while info is not None and info.run_after <= at and count <= most:
        count, last = count + 1, info
        info = next_info(timetable, info, restriction)
    if count <= most:
        return Due(count, True)
    end = at if restriction.latest is None else min(at, restriction.latest)
    distance = (last.run_after - first.run_after) / (count - 1)
    return Due(max(count, int((end - first.run_after) / distance) + 1) if distance else count, False)


def clock_change(dag: DAG, timetable: Timetable) -> ClockChange | None:
    """A run of a cron in a local zone that falls into a clock change of the year after 2025 or ``start_date``.

    Crons that run every hour, or more than a few times a day, are not looked at: Airflow's go on by the hour.
    Source: airflow/timetables/_cron.py `CronMixin._get_next` (3.3.2).
    """
    zone, expression = getattr(timetable, "_timezone", None), getattr(timetable, "_expression", None)
    if zone is None or str(zone) == "UTC" or not hasattr(timetable, "_get_next"):
        return None
    times = _times_of_day(expression) if isinstance(expression, str) else set()
    since = max(_restriction(dag).earliest, WITHOUT_START)
    for transition in transitions(zone, since, since + _YEAR) if times else ():
        begins, ends = transition.affected
        for minute in sorted(times):
            planned = begins.replace(hour=minute // 60, minute=minute % 60)
            runs = _run_on(timetable, zone, begins) if begins <= planned < ends else None
            if runs is not None:
                kind = "gap" if transition.is_gap else "fold"
                return ClockChange(kind, f"{planned:%Y-%m-%d}", f"{planned:%H:%M}", f"{runs:%H:%M%z}")
    return None


def _restriction(dag: DAG) -> Any:
    import pendulum

    restriction = restriction_of(dag, catchup=True)
    return restriction if restriction.earliest else restriction._replace(earliest=pendulum.instance(WITHOUT_START))


def _times_of_day(expression: str) -> set[int]:
    """Minutes of the day at which a cron may run; empty for one that runs often."""
    from croniter import croniter

    minutes, hours = croniter(expression).expanded[:2]
    if "*" in minutes or "*" in hours or len(minutes) * len(hours) > _MOST_A_DAY:
        return set()
    return {hour * 60 + minute for hour in hours for minute in minutes}


def _run_on(timetable: Timetable, zone: Any, begins: datetime) -> datetime | None:
    """The first run from a local time on, when it is of the same day."""
    import pendulum

    before = pendulum.instance((begins - timedelta(minutes=1)).replace(tzinfo=timezone.utc))
    before = before.subtract(seconds=int(offset_at(zone, before.subtract(hours=24)).total_seconds()))
    found: datetime = timetable._get_next(before).in_timezone(zone)
    return found if found.date() == begins.date() else None

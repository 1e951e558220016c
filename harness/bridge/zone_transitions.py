"""When the clocks of a time zone change, and what becomes then of the runs of a schedule in local time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.kernel.instant import Instant, to_datetime, to_instant

if TYPE_CHECKING:
    from airflow.sdk import DAG
    from airflow.timetables.base import Timetable

_MINUTE, _STEP = timedelta(minutes=1), timedelta(days=5)
"""Clock changes are looked for from step to step, and then to the minute."""
_DAY = timedelta(days=1)
_MOST_A_DAY = 4
"""Times of the day that are told one by one; of more, only their number."""
_MOST_TIMES = 24 * 60


class ZoneTransition(NamedTuple):
    """A zone's clocks change.

    Attributes:
        at: the instant, in UTC.
        before, after: offset from UTC.
    """

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def wall(self) -> datetime:
        """What the clocks would have shown at the instant, had they not changed; naive."""
        return (self.at + self.before).replace(tzinfo=None)

    @property
    def is_gap(self) -> bool:
        """Whether local times are left out; otherwise some come twice."""
        return self.after > self.before

    @property
    def affected(self) -> tuple[datetime, datetime]:
        """From which local time to which, the latter excluded, there are none or two; naive."""
        length = abs(self.after - self.before)
        return (self.wall, self.wall + length) if self.is_gap else (self.wall - length, self.wall)

    @property
    def day(self) -> date:
        """The local day on which it happens."""
        return self.affected[0].date()

    @property
    def hours(self) -> float:
        """How long that day is: 23, 25."""
        return (_DAY - (self.after - self.before)) / timedelta(hours=1)


def transitions(zone: Any, since: datetime, until: datetime) -> list[ZoneTransition]:
    """The clock changes of a zone between two instants, in order."""
    found = []
    at, end = (to_datetime(to_instant(moment)) for moment in (since, until))  # pendulum's cannot be divided
    offset = offset_at(zone, at)
    while at < end:
        following = min(at + _STEP, end)
        after = offset_at(zone, following)
        if after != offset:
            low, high = 0, -((at - following) // _MINUTE)
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_at(zone, at + middle * _MINUTE) == offset else (low, middle)
            found.append(ZoneTransition(at + high * _MINUTE, offset, after))
        at, offset = following, after
    return found


def offset_at(zone: Any, at: datetime) -> timedelta:
    """How far a zone's clocks are from UTC at an instant."""
    return at.astimezone(zone).utcoffset() or timedelta()


def zone_of(dag: DAG, timetable: Timetable) -> Any:
    """The time zone of a Dag's schedule: of its cron, else the Dag's own."""
    inner = _inner(timetable)
    return getattr(inner[0], "_timezone", None) or getattr(dag, "timezone", None) or timezone.utc


def _inner(timetable: Any) -> list[Any]:
    """The timetables that one is made of, as ``MultipleCronTriggerTimetable`` and ``AssetOrTimeSchedule`` have them."""
    several = getattr(timetable, "_timetables", None)
    if isinstance(several, (list, tuple)) and several:
        return list(several)
    return [getattr(timetable, "timetable", None) or timetable]


class Oddity(NamedTuple):
    """What a clock change does to the runs of a day.

    Attributes:
        kind: ``skipped``, ``shifted``, ``once``, ``doubled``, ``number``, ``utc`` or ``local``.
        message: what follows the Dag's id in a sentence.
    """

    kind: str
    message: str


def oddities(timetable: Timetable, zone: Any, change: ZoneTransition, due: list[Instant]) -> Iterator[Oddity]:
    """What becomes of a Dag's runs around a clock change.

    Args:
        due: when its runs are made, as its timetable says, from the day before the change to the day after.
    """
    local = [to_datetime(at).astimezone(zone) for at in due]
    on_day = [at for at in local if at.date() == change.day]
    crons = [cron for one in _inner(timetable) if isinstance(cron := getattr(one, "_expression", None), str)]
    if not crons:
        yield from _by_distance(change, local)
        return
    planned = sorted({at for cron in crons for at in _planned(cron, change.day)})
    if len(planned) > _MOST_A_DAY:
        if len(on_day) != len(planned):
            yield Oddity("number", f"{len(on_day)} runs in place of {len(planned)}")
    elif change.is_gap:
        yield from _in_gap(planned, on_day, change)
    else:
        yield from _in_fold(planned, on_day, change)
    if len({at.hour for at in planned}) < 24:
        yield from _in_utc(change, local)


def _planned(cron: str, day: date) -> Iterator[datetime]:
    """The local times that a cron names on a day, as if no clock changed."""
    from croniter import croniter

    midnight = datetime.combine(day, time())
    found = croniter(cron, midnight - timedelta(seconds=1))
    for _ in range(_MOST_TIMES):
        at = found.get_next(datetime)
        if at.date() != day:
            return
        yield at


def _in_gap(planned: list[datetime], on_day: list[datetime], change: ZoneTransition) -> Iterator[Oddity]:
    """Times that do not exist; runs at times that nobody named are made in place of the first ones."""
    begins, ends = change.affected
    others = [one for one in on_day if one.replace(tzinfo=None, fold=0) not in planned]
    for number, at in enumerate(one for one in planned if begins <= one < ends):
        if number < len(others):
            yield Oddity("shifted", f"{at:%H:%M} does not exist; it runs at {_clock(others[number])}")
        else:
            yield Oddity("skipped", f"{at:%H:%M} does not exist; it does not run then")


def _in_fold(planned: list[datetime], on_day: list[datetime], change: ZoneTransition) -> Iterator[Oddity]:
    """Times that come twice."""
    begins, ends = change.affected
    for at in planned:
        made = [one for one in on_day if one.replace(tzinfo=None, fold=0) == at]
        if not begins <= at < ends:
            continue
        if len(made) == 1:
            yield Oddity("once", f"{at:%H:%M} comes twice; it runs once, at {_clock(made[0])}")
        elif made:
            yield Oddity("doubled", f"{at:%H:%M} comes twice; it runs {len(made)} times")
        else:
            yield Oddity("skipped", f"{at:%H:%M} comes twice; it does not run then")


def _in_utc(change: ZoneTransition, local: list[datetime]) -> Iterator[Oddity]:
    """A local time that is kept is another one in UTC."""
    kept = [one for one in local if one.date() > change.day]
    if kept:
        after = kept[0].astimezone(timezone.utc)
        before = after + (change.after - change.before)
        yield Oddity("utc", f"{kept[0]:%H:%M} is {after:%H:%M}Z from then on, {before:%H:%M}Z before")


def _by_distance(change: ZoneTransition, local: list[datetime]) -> Iterator[Oddity]:
    """A schedule of spans keeps its times in UTC."""
    before = [one for one in local if one.date() < change.day]
    after = [one for one in local if one.date() > change.day]
    if not before or len(before) != len(after) or len(before) > _MOST_A_DAY:
        return
    if f"{before[0]:%H:%M}" != f"{after[0]:%H:%M}":
        word = "later" if change.is_gap else "earlier"
        hours = abs(change.after - change.before) / timedelta(hours=1)
        yield Oddity("local", f"runs {hours:g} h {word} by the local clock from then on: its span is counted in UTC")


def _clock(at: datetime) -> str:
    return f"{at:%H:%M%z}"

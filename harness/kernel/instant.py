"""Virtual time as an integer: microseconds since the Unix epoch, UTC.

Floats at 1.7e9 s lose the resolution asyncio needs; integers compare and add exactly.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import NewType

Instant = NewType("Instant", int)
"""Microseconds since 1970-01-01T00:00:00Z."""

Microseconds = int
"""A span of virtual time; instants less instants are spans, too."""

SECOND: Microseconds = 1_000_000
BEGINNING = Instant(0)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def later(at: Instant, by: Microseconds) -> Instant:
    """The instant a span after another, before it for a negative one."""
    return Instant(at + by)


def to_instant(moment: datetime) -> Instant:
    """Exact instant of an aware ``datetime``.

    Raises: ValueError: for a naive one.
    """
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime {moment!r}: an instant needs a time zone")
    # the base class's operators: pendulum's own want pendulum's types on both sides
    return Instant(span(datetime.__sub__(moment, EPOCH)))


def to_datetime(instant: Instant) -> datetime:
    """The aware UTC ``datetime`` of an instant."""
    return EPOCH + timedelta(microseconds=instant)


def span(delta: timedelta) -> Microseconds:
    """Microseconds of a ``timedelta``, exactly."""
    return int(timedelta.__floordiv__(delta, _MICROSECOND))


def seconds(value: float) -> Microseconds:
    """Microseconds of a number of seconds, rounded to the nearest."""
    return round(value * SECOND)


def iso(at: Instant | datetime) -> str:
    """ISO 8601 in UTC with ``Z``; microseconds only when there are any.

    Args:
        at: an instant, or an aware ``datetime``.
    """
    moment = at.astimezone(timezone.utc) if isinstance(at, datetime) else to_datetime(at)
    return moment.isoformat().replace("+00:00", "Z")

"""What happens around the Dags at an instant of virtual time, as plain data: events of the world.

Reading them from a file is in ``reading_events``; `harness.simulation.world_events` has them happen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from types import FrameType

from harness.kernel.instant import BEGINNING, SECOND, Instant, Microseconds, iso, later, to_instant
from harness.world.duration import duration
from harness.world.problem import EntryError, WorldProblem, kind

FORM = 'write "+1h42m" for a span after the beginning, or a date such as 2025-01-03T05:00Z'


@dataclass(frozen=True)
class When:
    """An instant, or a span after the beginning of whichever simulation it is read in.

    Attributes:
        at: the instant, or how long after the beginning.
        is_after_start: which of the two.
    """

    at: Microseconds
    is_after_start: bool

    def of(self, start: Instant) -> Instant:
        """The instant in a simulation that begins at ``start``."""
        return later(start, self.at) if self.is_after_start else Instant(self.at)

    def __str__(self) -> str:
        return f"+{self.at / SECOND:g}s" if self.is_after_start else iso(Instant(self.at))


def read_when(value: object) -> When:
    """Read when something happens.

    Args:
        value: ``"+1h42m"``, seconds or a ``timedelta`` after the beginning; ISO text, a ``datetime`` or a ``date``, UTC
            where no zone is named.
    Raises: EntryError: none of these.
    """
    try:
        if isinstance(value, str) and not value.startswith("+"):
            return When(_instant(datetime.fromisoformat(value.replace("Z", "+00:00"))), False)
        if isinstance(value, date):
            return When(_instant(value), False)
        return When(duration(value[1:] if isinstance(value, str) else value), True)
    except (ValueError, OverflowError):
        raise EntryError(WorldProblem(f"at must be a time, not {_shown(value)}", ("at",), fix=FORM)) from None


def _instant(value: date) -> Instant:
    dated = value if isinstance(value, datetime) else datetime.combine(value, time())
    found = to_instant(dated if dated.tzinfo is not None else dated.replace(tzinfo=timezone.utc))
    if found < BEGINNING:
        raise ValueError("before the beginning of the epoch")
    return found


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else kind(value)


@dataclass(frozen=True)
class Called:
    """A function of a test's is called."""

    function: Callable[[], object]


@dataclass(frozen=True)
class OfService:
    """Something in a service of the world: an object arrives, a row is written, an API answers otherwise.

    Attributes:
        service: its name.
        settings: what stands below that in the entry; the service itself reads it.
    """

    service: str
    settings: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True)
class VariablesChange:
    """Variables get other values; None takes one away."""

    values: Mapping[str, str | None] = field(repr=False)


@dataclass(frozen=True)
class AssetUpdated:
    """An asset event comes from outside, as by the REST API; the asset is named by name or URI."""

    name: str | None
    uri: str | None
    extra: Mapping[str, object] = field(default_factory=dict)


Effect = Called | OfService | VariablesChange | AssetUpdated


@dataclass(frozen=True)
class WorldEvent:
    """Something that happens at an instant.

    Attributes:
        what: it in a line, without values, which may be secret.
        where: ``file:line`` that asks for it.
    """

    at: When
    effect: Effect
    what: str
    where: str | None = field(default=None, compare=False)


def named(function: Callable[[], object]) -> str:
    """How a function of the user's is called in a line."""
    return getattr(function, "__qualname__", None) or type(function).__name__


def caller() -> str | None:
    """``file:line`` of whoever called into the harness."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__", "")).split(".")[0] == "harness":
        frame = frame.f_back
    return None if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"

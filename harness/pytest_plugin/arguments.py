"""What tests may write for a date, a span, an asset event or a world, read into what the engine takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.kernel.instant import Instant
    from harness.world import World

Date = str | datetime | date
Span = float | str | timedelta
Consumed = tuple[str, str, Mapping[str, Any]]


def instant(value: Date | None, name: str) -> Instant | None:
    """Microseconds since the epoch of ISO text, a ``datetime`` or a ``date``; UTC where no zone is named.

    Args:
        name: of the argument, for the error.
    Raises: UsageError: anything else.
    """
    from harness.bridge.timetables import BeyondCalendar, moment_of
    from harness.errors import UsageError

    if value is None:
        return None
    try:
        return moment_of(value)
    except BeyondCalendar as error:
        raise UsageError(f"{name}={value!r}: {error}", fix=f'{name}="2025-01-01", or a datetime') from None
    except (TypeError, ValueError):
        raise UsageError(f"{name}={value!r} is no date", fix=f'{name}="2025-01-01", or a datetime') from None


def microseconds(value: Span, name: str) -> int:
    """Microseconds of seconds, of text such as ``90m`` or ``7d``, or of a ``timedelta``.

    Raises: UsageError: anything else, or a negative one.
    """
    from harness.errors import UsageError
    from harness.world.duration import typed_duration

    try:
        return typed_duration(value)
    except ValueError as error:
        raise UsageError(f"{name}={value!r}: {error}", fix=f'{name}=timedelta(hours=2), "2h", or seconds') from None


def after(value: Date | Span, since: Instant, name: str) -> Instant:
    """The instant of a date, or that of a span after another instant.

    Raises: UsageError: anything else.
    """
    from harness.kernel.instant import later
    from harness.world.duration import is_duration

    if isinstance(value, (timedelta, int, float)) or (isinstance(value, str) and is_duration(value)):
        return later(since, microseconds(value, name))
    found = instant(value, name)
    assert found is not None
    return found


def chosen(name: str, given: Iterable[str] | None) -> tuple[str, ...]:
    """Ids that a test chooses, one or several; empty only where it chooses none.

    Raises: UsageError: a choice of nothing, as of a list that came out empty: all would be taken, or none tested.
    """
    from harness.errors import UsageError

    if given is None:
        return ()
    ids = (given,) if isinstance(given, str) else tuple(given)
    if not ids or not all(ids):
        raise UsageError(f"{name}={given!r} names nothing", fix=f"name what is meant, or leave {name}= out")
    return ids


def consumed(events: Iterable[Any]) -> tuple[Consumed, ...]:
    """(name, uri, extra) of asset events given as names, ``Asset`` objects, or those tuples.

    Raises: UsageError: anything else.
    """
    from harness.errors import UsageError

    found: list[Consumed] = []
    for event in events:
        if isinstance(event, str):
            found.append((event, event, {}))
        elif isinstance(event, tuple) and 1 <= len(event) <= 3:
            name, *rest = event
            found.append((name, rest[0] if rest else name, rest[1] if len(rest) > 1 else {}))
        elif hasattr(event, "name") and hasattr(event, "uri"):
            found.append((event.name, event.uri, {}))
        else:
            raise UsageError(f"asset_events holds {event!r}", fix="an Asset, its name, or (name, uri, extra)")
    return tuple(found)


def world_of(value: World | str | Path) -> World:
    """A world, or the one a file declares.

    Raises: WorldError: the file cannot be read or has problems. UsageError: neither.
    """
    from harness.errors import UsageError
    from harness.world import World, load

    if isinstance(value, World):
        return value
    if isinstance(value, (str, Path)):
        return load(Path(value))
    raise UsageError(f"world={value!r} is no world", fix="the world fixture, a World, or the path of a world file")


def renamed(former: str, now: str) -> None:
    """Warn of an argument's former name, which works for one more release."""
    import warnings

    # 3: the test's own line, above the fixture's function and this one
    warnings.warn(f"{former}= is called {now}= now", DeprecationWarning, stacklevel=3)

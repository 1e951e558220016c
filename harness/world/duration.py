"""Spans of virtual time as people write them."""

from __future__ import annotations

import math
import re
from datetime import timedelta

from harness.kernel.instant import SECOND, Microseconds, seconds, span
from harness.world.problem import kind

_UNIT_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*")
LONGEST: Microseconds = 100 * 366 * 86400 * SECOND
_RANGE = "a duration must lie between 0 and a hundred years"


def duration(value: object) -> Microseconds:
    """Microseconds of a span.

    Args:
        value: seconds as a number, text such as ``90s``, ``5m``, ``1h30m``, ``2d``, ``500ms``, or a ``timedelta``.
    Raises: ValueError: negative, above a hundred years, or none of these.
    """
    found = _read(value)
    if not 0 <= found <= LONGEST:
        raise ValueError(_RANGE)
    return found


def typed_duration(value: object) -> Microseconds:
    """The same where people type: a number of seconds may be text too. Raises: ValueError: as `duration`."""
    bare = isinstance(value, str) and value.replace(".", "", 1).isdecimal()
    return duration(float(value) if bare else value)  # type: ignore[arg-type]


def is_duration(text: str) -> bool:
    """Whether text means to be a span, as ``7d`` or a number of seconds, and not a date."""
    return text.isdecimal() or (text[-1:].isalpha() and text[-1:] not in "zZ" and text[:1].isdecimal())


def _read(value: object) -> Microseconds:
    if isinstance(value, timedelta):
        return span(value)
    if isinstance(value, str):
        return _read_text(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a duration is a number of seconds or text such as 90s, 5m, 2h, 1d, not {kind(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a duration must be finite")
    return _microseconds(value)


def _read_text(text: str) -> Microseconds:
    total, at = 0, 0
    while match := _PART.match(text, at):
        total += _microseconds(float(match[1]) * _UNIT_S[match[2]])
        at = match.end()
    if at == 0 or at != len(text):
        raise ValueError(f"{text!r} is not a duration: write a number of seconds, or 90s, 5m, 2h, 1d")
    return total


def _microseconds(value: float) -> Microseconds:
    """The same, where the number is one that can be multiplied: ``1e308`` seconds are more than a float holds."""
    if not -LONGEST <= value <= LONGEST:
        raise ValueError(_RANGE)
    return seconds(value)

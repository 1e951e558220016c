"""Spans of time as people read them."""

from __future__ import annotations

from datetime import timedelta

from harness.kernel.instant import SECOND, Microseconds, span

_UNITS = (("d", 86_400 * SECOND), ("h", 3_600 * SECOND), ("m", 60 * SECOND))


def span_text(lasted: Microseconds | timedelta) -> str:
    """A virtual span: ``0s``, ``250ms``, ``1.5s``, ``1m30s``, ``5m``, ``2h05m``, ``3d04h``; two units at most."""
    length = span(lasted) if isinstance(lasted, timedelta) else lasted
    if length < 0:
        return f"-{span_text(-length)}"
    if length < 60 * SECOND:
        return _below_a_minute(length)
    for position, (unit, size) in enumerate(_UNITS):
        if length >= size:
            whole, rest = divmod(length, size)
            lower, lower_size = [*_UNITS, ("s", SECOND)][position + 1]
            part = rest // lower_size
            return f"{whole}{unit}" if part == 0 else f"{whole}{unit}{part:02}{lower}"
    raise AssertionError(lasted)


def _below_a_minute(length: Microseconds) -> str:
    if length == 0:
        return "0s"
    if length < 1_000:
        return f"{length}µs"
    if length < SECOND:
        return f"{length / 1_000:g}ms" if length < 10_000 else f"{length // 1_000}ms"
    return f"{round(length / SECOND, 2):g}s" if length < 59_990_000 else f"{length // SECOND}s"


def real_text(seconds: float) -> str:
    """A measured span of real time, three digits at most: ``3 ms``, ``1.2 s``, ``4 min 05 s``."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.1f} ms" if seconds < 0.00995 else f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02} s"

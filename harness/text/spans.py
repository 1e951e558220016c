"""Spans of time as people read them."""

from __future__ import annotations

from harness.kernel.instant import SECOND, Microseconds

_UNITS = (("d", 86_400 * SECOND), ("h", 3_600 * SECOND), ("m", 60 * SECOND))


def span_text(span: Microseconds) -> str:
    """A virtual span: ``0s``, ``250ms``, ``1.5s``, ``1m30s``, ``5m``, ``2h05m``, ``3d04h``; two units at most."""
    if span < 0:
        return f"-{span_text(-span)}"
    if span < 60 * SECOND:
        return _below_a_minute(span)
    for position, (unit, size) in enumerate(_UNITS):
        if span >= size:
            whole, rest = divmod(span, size)
            lower, lower_size = [*_UNITS, ("s", SECOND)][position + 1]
            part = rest // lower_size
            return f"{whole}{unit}" if part == 0 else f"{whole}{unit}{part:02}{lower}"
    raise AssertionError(span)


def _below_a_minute(span: Microseconds) -> str:
    if span == 0:
        return "0s"
    if span < 1_000:
        return f"{span}µs"
    if span < SECOND:
        return f"{span / 1_000:g}ms" if span < 10_000 else f"{span // 1_000}ms"
    return f"{round(span / SECOND, 2):g}s" if span < 59_990_000 else f"{span // SECOND}s"


def real_text(seconds: float) -> str:
    """A measured span of real time, three digits at most: ``3 ms``, ``1.2 s``, ``4 min 05 s``."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.1f} ms" if seconds < 0.00995 else f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02} s"

"""Values of user code as plain data and as short text, whatever they are; spans of time as people read them.

No terminal, no Airflow.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Set
from datetime import date, time, timedelta
from pathlib import PurePath
from typing import Any

from harness.kernel.instant import SECOND, Microseconds, span

DEEPEST = 50
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON can hold it: the same for the same value, in every process.

    Sets are sorted, keys become text, dates ISO, infinite numbers their names, everything else its ``repr`` without
    memory addresses.
    """
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if depth > DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, Set):
        return sorted((plain(item, depth + 1) for item in value), key=_sorted_text)
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    return described(value)


def _sorted_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def described(value: Any) -> str:
    """``repr`` without memory addresses; the type's name when ``repr`` itself raises."""
    if isinstance(value, timedelta):
        return str(value)
    try:
        return _ADDRESS.sub("", repr(value))
    except Exception as error:
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"


def compact(value: Any, limit: int) -> str:
    """A value in one line of at most ``limit`` characters, a note on what was cut included."""
    text = clean(json.dumps(plain(value), ensure_ascii=False)).replace("\n", " ")
    if len(text) <= limit:
        return text
    note = f"… ({len(text):,} characters)"
    return text[: max(limit - len(note), 1)] + note


def clean(text: str) -> str:
    """Text without terminal escape sequences and control characters; new lines and tabs stay."""
    return _CONTROL.sub("", _ESCAPE.sub("", text.replace("\r\n", "\n")))


def one_line(text: str, limit: int) -> str:
    """The first line of a text, cut to ``limit`` characters with an ellipsis."""
    lines = clean(text).strip().splitlines() or [""]
    first = lines[0] if len(lines) == 1 else f"{lines[0]} …"
    return first if len(first) <= limit else first[: max(limit - 1, 0)] + "…"


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


def counted(number: int, word: str) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{number:,} {word}{'s' * (number != 1)}"

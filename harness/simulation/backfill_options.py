"""A backfill as people write it, in a test or on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from harness.bridge.timetables import moment_of
from harness.errors import UsageError, known_names
from harness.kernel import Instant
from harness.scheduler.dag_runs.backfill import REPROCESS, Backfill

FORM = """write '… backfill sales {"from": "2025-01-01", "to": "2025-01-05"}'"""
_RENAMED = {"from_date": "from", "to_date": "to"}
_KEYS = tuple(_RENAMED.get(field.name, field.name) for field in fields(Backfill))
_FLAGS = ("reverse", "run_on_latest_version", "dry_run")


def backfill_of(given: Mapping[str, Any]) -> Backfill:
    """Read ``from``, ``to`` and what else a backfill may be told.

    Args:
        given: ``from`` and ``to`` are ISO text, ``datetime`` or ``date``; the other keys are fields of `Backfill`.
    Raises: UsageError: a key or a value that means nothing, or no dates.
    """
    for key in given:
        if key not in _KEYS:
            raise UsageError(f"a backfill has no {key!r}", known=known_names(str(key), _KEYS), fix=FORM)
    missing = [key for key in ("from", "to") if key not in given]
    if missing:
        raise UsageError(f"a backfill needs {' and '.join(map(repr, missing))}", known=known_names("", _KEYS), fix=FORM)
    rest = {key: _checked(key, value) for key, value in given.items() if key not in ("from", "to")}
    return Backfill(_instant("from", given["from"]), _instant("to", given["to"]), **rest)


def _instant(key: str, value: Any) -> Instant:
    try:
        return moment_of(value)
    except (ValueError, TypeError):
        raise _bad(key, value, "an ISO 8601 date in the years 2 to 9000") from None


def _checked(key: str, value: Any) -> Any:
    if key in _FLAGS and not isinstance(value, bool):
        raise _bad(key, value, "true or false")
    if key == "max_active_runs" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise _bad(key, value, "a whole number from 1 on")
    if key == "reprocess" and value not in REPROCESS:
        raise _bad(key, value, f"one of {', '.join(REPROCESS)}")
    if key == "conf" and value is not None and not isinstance(value, Mapping):
        raise _bad(key, value, "an object, or null")
    return value


def _bad(key: str, value: Any, wanted: str) -> UsageError:
    return UsageError(f"{key!r} of a backfill is {value!r}, not {wanted}", fix=FORM)

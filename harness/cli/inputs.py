"""What people type, read; what cannot be read is an error that says how to write it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.world.json_object import read_json

if TYPE_CHECKING:
    from harness.kernel.instant import Instant, Microseconds
    from harness.project.config import Config
    from harness.project.drivers import DriverOptions


def instant(option: str, text: str | None) -> Instant | None:
    """A date or date-time, UTC when it names no zone; None stays None."""
    from harness.bridge.timetables import BeyondCalendar, parse_date

    if text is None:
        return None
    try:
        return parse_date(text)
    except BeyondCalendar as error:
        raise UsageError(f"{option} {text!r}: {error}", fix=f"write {option} 2025-01-31") from None
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is not an ISO 8601 date",
            fix=f"write {option} 2025-01-31, or 2025-01-31T06:00:00+01:00",
        ) from None


def span(option: str, text: str | None) -> Microseconds | None:
    """A duration such as ``90m``, ``2d`` or a number of seconds; None stays None."""
    from harness.world.duration import typed_duration

    if text is None:
        return None
    try:
        return typed_duration(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r}: {error}", fix=f"write {option} 12h") from None


def drivers(texts: Iterable[str], config: Config) -> DriverOptions:
    """The drivers of ``--driver postgres=container`` and of the project's settings. Raises: UsageError."""
    from harness.project.drivers import DriverOptions, read_driver_option

    asked = DriverOptions(read_driver_option("--driver", texts), config.drivers)
    if asked.option:
        from harness.services.drivers import refuse_unknown  # a command without does not import services

        refuse_unknown(asked)
    return asked


def one_reader_of_stdout(pdb: bool, as_json: bool) -> None:
    """Refuse a debugger beside a document. Raises: UsageError."""
    if pdb and as_json:
        raise UsageError("--pdb and --json exclude each other", fix="leave out one: both want stdout")


def conf(text: str | None) -> dict[str, Any]:
    """The JSON object of ``--conf``; empty when there is none."""
    if text is None:
        return {}
    fix = """write an object in quotes, as --conf '{"city": "Oslo"}'"""
    try:
        found = read_json(text)
    except json.JSONDecodeError as error:
        shown = f"{text[: error.pos]}⟶{text[error.pos :]}"
        raise UsageError(f"--conf is not valid JSON: {error.msg}", where=f"at the arrow: {shown}", fix=fix) from None
    except ValueError as error:
        raise UsageError(f"--conf: {error}", fix="keep one of them") from None
    if not isinstance(found, dict):
        raise UsageError(f"--conf must be a JSON object, not {text!r}", fix=fix)
    return found


def params(texts: Iterable[str]) -> dict[str, Any]:
    """``key=value`` pairs; a value is JSON when it can be read as that (``3``, ``true``, ``[1]``), else text."""
    found: dict[str, Any] = {}
    for text in texts:
        key, mark, value = text.partition("=")
        if not key or not mark:
            raise UsageError(f"--param {text!r} has no '='", fix="write --param city=Oslo")
        if key in found:
            raise UsageError(f"--param {key} is given twice", fix="keep one of them; a list is --param 'days=[1, 2]'")
        try:
            found[key] = read_json(value)
        except json.JSONDecodeError:
            found[key] = value
        except ValueError as error:
            raise UsageError(f"--param {key}: {error}", fix="keep one of them") from None
    return found


def names(option: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Task ids, given one by one or with commas; none where the option was not given.

    Raises: UsageError: it was given and names nothing.
    """
    found = []
    for text in texts:
        parts = [part.strip() for part in text.split(",")]
        if not any(parts):
            raise UsageError(f"{option} {text!r} names nothing", fix=f"name what is meant, or leave {option} out")
        found += [part for part in parts if part]
    return tuple(found)

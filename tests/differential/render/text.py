"""Python text of values and calls, wrapped as a formatter would."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from tests.differential.case import Act, DagCase, DeadlineCase

WIDTH = 110
INDENT = "    "


def call(name: str, arguments: Iterable[str], tail: str = "", indent: str = "") -> list[str]:
    """The lines of ``name(arguments)tail``: one when they fit, else an argument a line."""
    given = list(arguments)
    line = f"{indent}{name}({', '.join(given)}){tail}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{indent}{name}(", *(f"{indent}{INDENT}{argument}," for argument in given), f"{indent}){tail}"]


def keywords(values: dict[str, object], defaults: dict[str, object]) -> list[str]:
    """``name=value`` of what is not default."""
    return [
        f"{name}={shown(value)}" for name, value in values.items() if name not in defaults or value != defaults[name]
    ]


class Code(str):
    """Text that is Python already."""

    __slots__ = ()


def shown(value: object) -> str:
    """A value as Python text, in double quotes."""
    if isinstance(value, Code):
        return value
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{shown(key)}: {shown(item)}' for key, item in value.items())}}}"
    return repr(value)


def seconds(count: int) -> Code:
    """A timedelta."""
    return Code(f"timedelta(seconds={count})")


def instant(date: str) -> Code:
    """A ``datetime`` with the zone that the ISO text has."""
    at = datetime.fromisoformat(date.replace("Z", "+00:00"))
    offset = at.utcoffset()
    if offset is None:
        raise ValueError(f"{date} has no zone")
    parts = [at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond]
    while len(parts) > 3 and parts[-1] == 0:
        parts.pop()
    zone = "timezone.utc" if offset == timezone.utc.utcoffset(None) else f"timezone({_delta(offset)})"
    return Code(f"datetime({', '.join(map(str, parts))}, tzinfo={zone})")


def _delta(offset: timedelta) -> str:
    return f"timedelta(seconds={int(offset.total_seconds())})"


def schedule(dag: DagCase) -> Code:
    """What follows ``schedule=``."""
    if dag.assets:
        return Code((" | " if dag.assets_any else " & ").join(f"Asset({shown(name)})" for name in dag.assets))
    if dag.schedule is not None and dag.schedule.startswith("every:"):
        return seconds(int(dag.schedule.removeprefix("every:")))
    return Code(shown(dag.schedule))


def deadline(one: DeadlineCase) -> Code:
    """A ``DeadlineAlert``; its callback takes no time, and need not know of any context."""
    names = {"queued_at": "DAGRUN_QUEUED_AT", "logical_date": "DAGRUN_LOGICAL_DATE"}
    fixed = f"FIXED_DATETIME({instant(one.at)})" if one.at is not None else ""
    reference = f"DeadlineReference.{names.get(one.reference, fixed)}"
    callback = 'AsyncCallback("asyncio.sleep", {"delay": 0})'
    return Code(f"DeadlineAlert({reference}, {seconds(one.interval_s)}, {callback})")


def acts(chosen: tuple[Act, ...]) -> list[dict[str, object]]:
    """Acts as the dicts that `Play` reads: without what is default."""
    return [
        {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(act).items()
            if value != getattr(Act(), name)
        }
        for act in chosen
    ]

"""What becomes of a value on its way through an XCom: its size, and whether it comes back as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

_PLAIN = (str, int, bool, type(None))


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a value as an XCom, in words, and what to do about it."""

    reason: str
    fix: str = "write it to a file or a table, and return its name"


def trouble(value: Any, stored: Any, most_bytes: float) -> Trouble | None:
    """What is wrong with a value as an XCom; None for nothing.

    Args:
        stored: as Airflow serialises it.
        most_bytes: of JSON.
    Source: ``XComOperations.set`` writes JSON, which the metadata database parses (3.1 to 3.3).
    """
    try:
        text = json.dumps(stored, allow_nan=False)
    except ValueError:
        return Trouble("holds NaN or infinity, which JSON does not have: PostgreSQL refuses it", "None in their place")
    except TypeError as error:
        return Trouble(f"cannot be written as JSON: {error}")
    if len(text) > most_bytes:
        return Trouble(f"is {len(text) / 1024:,.0f} KiB of JSON, more than {most_bytes / 1024:g}")
    return None if _is_plain(value) else _lost(value, text)


def trouble_of_literal(value: Any, most_bytes: float) -> Trouble | None:
    """The same for a value that was not pushed yet; what Airflow cannot serialise included."""
    from harness.bridge.supervisor.handlers.xcom import encoded

    try:
        stored = encoded(value)
    except Exception as error:
        return Trouble(f"cannot be an XCom: {str(error).split('. ')[0]}")
    return trouble(value, stored, most_bytes)


def remembers_pushed(serialize: Callable[..., Any]) -> Callable[..., Any]:
    """``BaseXCom.serialize_value``, with whoever pushes keeping the value until the supervisor has heard of it."""
    from harness.bridge.supervisor.task_context import current_task_context

    def serialize_value(value: Any, **kwargs: Any) -> Any:
        stored = serialize(value, **kwargs)
        who = current_task_context()
        if who is not None:
            who.pushed = (value, stored)
        return stored

    return serialize_value


def _is_plain(value: Any) -> bool:
    """Whether a value is what JSON knows, and nothing else."""
    kind = value.__class__
    if kind in _PLAIN or kind is float:
        return True
    if kind is list:
        return all(map(_is_plain, value))
    return kind is dict and all(key.__class__ is str and _is_plain(one) for key, one in value.items())


def _lost(value: Any, text: str) -> Trouble | None:
    from airflow.sdk.bases.xcom import BaseXCom

    try:
        back = BaseXCom.deserialize_value(SimpleNamespace(value=json.loads(text)))
        same = bool(back == value)
    except Exception:  # of classes that are not allowed here, of frames that have no truth: nobody can tell
        return None
    if not same:
        key = _odd_key(value)
        if key is not None:
            return Trouble(f"has keys that are no text, like {key!r}: they come back as text", "make its keys text")
        if back.__class__ is not value.__class__ and _odd(value):
            return None
        return Trouble("comes back as another value", "return what JSON knows: text, numbers, lists, dicts")
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return Trouble("is a named tuple, and comes back without its names", "return its _asdict()")
    return None


def _odd(value: Any) -> bool:
    """Whether a value does not even equal its own copy."""
    return value.__class__.__eq__ is object.__eq__


def _odd_key(value: Any, depth: int = 0) -> Any:
    if isinstance(value, dict):
        for key, one in value.items():
            if not isinstance(key, str):
                return key
            if (found := _odd_key(one, depth + 1)) is not None:
                return found
    elif isinstance(value, (list, tuple)) and depth < 8:
        return next((found for one in value if (found := _odd_key(one, depth + 1)) is not None), None)
    return None

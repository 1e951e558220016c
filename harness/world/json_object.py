"""JSON that people type."""

from __future__ import annotations

import json
from typing import Any


def read_json(text: str) -> Any:
    """What JSON text says.

    Raises: ValueError: no JSON, or an object with one key twice, of which the first would be lost without a word;
        JSONDecodeError: no JSON, or deeper than can be read.
    """
    try:
        return json.loads(text, object_pairs_hook=_once_each)
    except RecursionError:
        raise json.JSONDecodeError("it is nested too deeply", text, 0) from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {key!r} comes twice in an object")
        found[key] = value
    return found

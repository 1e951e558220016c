"""JSON that people type."""

from __future__ import annotations

import json
import math
from typing import Any


def read_json(text: str) -> Any:
    """What JSON text says.

    Raises: ValueError: no JSON, or an object with one key twice, of which the first would be lost without a word;
        JSONDecodeError: no JSON, deeper than can be read, or with a number that Airflow's API does not take: NaN,
        Infinity (Python alone writes them), 1e999.
    """

    def refused(name: str) -> Any:
        raise json.JSONDecodeError(f"{name} is no number of JSON", text, text.find(name))

    def finite(digits: str) -> float:
        found = float(digits)
        return found if math.isfinite(found) else refused(digits)

    try:
        return json.loads(text, object_pairs_hook=_once_each, parse_constant=refused, parse_float=finite)
    except RecursionError:
        raise json.JSONDecodeError("it is nested too deeply", text, 0) from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {key!r} comes twice in an object")
        found[key] = value
    return found

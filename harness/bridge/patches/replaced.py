"""Attributes of modules, classes and objects, replaced for the length of a block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Change = tuple[Any, str, Any]
"""(module, class or object, name, what stands there meanwhile)"""

ABSENT = object()
"""What stands there when nothing does."""


@contextmanager
def replaced(changes: Iterable[Change]) -> Iterator[None]:
    """Put them there; afterwards everything is as it was, also what was not there."""
    former: list[Change] = []
    try:
        for holder, name, value in changes:
            former.append((holder, name, vars(holder).get(name, ABSENT)))
            _put(holder, name, value)
        yield
    finally:
        for change in reversed(former):
            _put(*change)


def _put(holder: Any, name: str, value: Any) -> None:
    if value is not ABSENT:
        setattr(holder, name, value)
    elif name in vars(holder):
        delattr(holder, name)

"""Which of several ``dag_id.task_id`` patterns speaks for a task instance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import TypeVar

Value = TypeVar("Value")

_INDEXED = re.compile(r"(.+)\[(\d+)\]", re.DOTALL)
_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Pattern:
    """A pattern, read.

    Attributes:
        name: ``dag_id.task_id``, wildcards included.
        map_index: of ``name[1]``: this instance of a mapped task alone. None for all of them.
        regexp: what full names it matches, None where it is one name.
    """

    name: str
    map_index: int | None
    regexp: re.Pattern[str] | None

    def names(self, full: str) -> bool:
        """Whether it speaks of a task; its map index aside."""
        return self.name == full if self.regexp is None else self.regexp.match(full) is not None


@lru_cache(maxsize=4096)
def pattern(text: str) -> Pattern:
    """A pattern from its text. No id holds a bracket, so ``[1]`` at its end can only be a map index."""
    indexed = _INDEXED.fullmatch(text)
    name = text if indexed is None else indexed[1]
    regexp = re.compile(translate(name)) if _WILDCARD.search(name) else None
    return Pattern(name, None if indexed is None else int(indexed[2]), regexp)


def most_specific(entries: Mapping[str, Value], dag_id: str, task_id: str, map_index: int = -1) -> Value | None:
    """The entry for a task instance, None if no pattern matches.

    Exact before wildcard, then one with a map index, then the longest pattern, then the one declared last. Case
    counts. A ``*`` crosses dots, so that ``etl.*`` covers the tasks inside task groups.
    """
    full = f"{dag_id}.{task_id}"
    if map_index >= 0 and f"{full}[{map_index}]" in entries:
        return entries[f"{full}[{map_index}]"]
    if full in entries:
        return entries[full]
    matching = [
        (one.map_index is not None, len(text), place)
        for place, text in enumerate(entries)
        if (one := pattern(text)).map_index in (None, map_index) and one.names(full)
    ]
    if not matching:
        return None
    return list(entries.values())[max(matching)[2]]

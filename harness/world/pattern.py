"""Which of several ``dag_id.task_id`` patterns speaks for a task."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TypeVar

Value = TypeVar("Value")


def most_specific(entries: Mapping[str, Value], dag_id: str, task_id: str) -> Value | None:
    """The entry for a task, None if no pattern matches.

    Exact before wildcard, then the longest pattern, then the one declared last. Case counts. A ``*`` crosses dots, so
    that ``etl.*`` covers the tasks inside task groups.
    """
    full = f"{dag_id}.{task_id}"
    if full in entries:
        return entries[full]
    matching = [(len(pattern), place) for place, pattern in enumerate(entries) if fnmatchcase(full, pattern)]
    if not matching:
        return None
    return list(entries.values())[max(matching)[1]]

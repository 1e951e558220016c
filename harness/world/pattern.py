"""Which of several patterns speaks for a task instance: a task's name or id, an operator's class, or a wildcard."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple, TypeVar

Value = TypeVar("Value")

_DATED = re.compile(r"(.+)@([^@]*)", re.DOTALL)
_INDEXED = re.compile(r"(.+)\[(\d+)\]", re.DOTALL)
_WILDCARD = re.compile(r"[*?\[]")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d{1,6})?)?)?Z?)?)?)?")

FULL, TASK, CLASS, WILDCARD = 3, 2, 1, 0
"""How closely a pattern names a task."""


class Subject(NamedTuple):
    """A task instance as patterns see it; the arguments of `most_specific`.

    Attributes:
        map_index: -1 where it is not mapped.
        date: ISO text of its run's logical date; without one, of when the run was due.
        classes: import paths of its operator's class and of that one's bases, nearest first.
    """

    dag_id: str
    task_id: str
    map_index: int = -1
    date: str = ""
    classes: Sequence[str] = ()


@dataclass(frozen=True)
class Pattern:
    """A pattern, read.

    Attributes:
        name: of tasks or of a class, wildcards included.
        map_index: of ``name[1]``: this instance of a mapped task alone. None for all of them.
        date: of ``name@2025-01-05``: instances of runs whose date begins so. Empty for all of them.
        regexp: what it matches, None where it is one name.
    """

    name: str
    map_index: int | None
    date: str
    regexp: re.Pattern[str] | None

    def names(self, dag_id: str, task_id: str, classes: Sequence[str] = ()) -> tuple[int, int] | None:
        """How closely it names a task, map index and date aside; None where it does not. The greater, the closer.

        A wildcard with a dot is of ``dag_id.task_id``, one without a dot of the task id.
        """
        full = f"{dag_id}.{task_id}"
        if self.name == full:
            return FULL, 0
        if self.name == task_id:
            return TASK, 0
        for place, path in enumerate(classes):
            if path == self.name or path.rpartition(".")[2] == self.name:
                return CLASS, -place
        if self.regexp is not None and self.regexp.match(full if "." in self.name else task_id) is not None:
            return WILDCARD, 0
        return None

    def covers(self, map_index: int, date: str) -> bool:
        """Whether it speaks of this instance of the tasks it names."""
        return self.map_index in (None, map_index) and date.startswith(self.date)


@lru_cache(maxsize=4096)
def pattern(text: str) -> Pattern:
    """A pattern from its text. No id holds a bracket or an ``@``, so these can only be a map index and a date."""
    dated = _DATED.fullmatch(text)
    name, date = (text, "") if dated is None else (dated[1], dated[2])
    indexed = _INDEXED.fullmatch(name)
    name = name if indexed is None else indexed[1]
    regexp = re.compile(translate(name)) if _WILDCARD.search(name) else None
    return Pattern(name, None if indexed is None else int(indexed[2]), date, regexp)


def fault_of(text: str) -> str | None:
    """Why a text is no pattern; None for one that is."""
    if not text or text.isspace():
        return "a pattern cannot be empty"
    dated = _DATED.fullmatch(text)
    if dated is not None and not _DATE.fullmatch(dated[2]):
        return f"{dated[2]!r} is no date: write @2025-01-05, or more or less of it, behind a map index"
    return None


def speaking(
    entries: Mapping[str, object],
    dag_id: str,
    task_id: str,
    map_index: int = -1,
    date: str = "",
    classes: Sequence[str] = (),
) -> str | None:
    """The pattern among the keys of ``entries`` that speaks for a task instance, None if none matches.

    ``dag_id.task_id`` before a task id, that before an operator's class, which goes before its bases, and those before
    a wildcard; then one with a map index and a date, with a map index, with a date; then the longest pattern; then the
    one declared last. Case counts. A ``*`` crosses dots, so that ``etl.*`` covers the tasks inside task groups.
    """
    best: tuple[tuple[int, int], bool, bool, int] | None = None
    found = None
    full = f"{dag_id}.{task_id}"
    for text in entries:
        if text == full:  # also a name that looks like a pattern
            rank = ((FULL, 0), False, False, len(text))
        else:
            read = pattern(text)
            close = read.names(dag_id, task_id, classes) if read.covers(map_index, date) else None
            if close is None:
                continue
            rank = (close, read.map_index is not None, bool(read.date), len(text))
        if best is None or rank >= best:
            best, found = rank, text
    return found


def most_specific(
    entries: Mapping[str, Value],
    dag_id: str,
    task_id: str,
    map_index: int = -1,
    date: str = "",
    classes: Sequence[str] = (),
) -> Value | None:
    """The entry for a task instance, None if no pattern matches; which one, says `speaking`."""
    text = speaking(entries, dag_id, task_id, map_index, date, classes)
    return None if text is None else entries[text]

"""Entries of a world that speak of no task: each would leave a task's real code running, without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from harness.errors import nearest
from harness.world.model import World
from harness.world.pattern import Pattern, pattern

SECTIONS = {
    "stubs": "stub",
    "durations": "duration",
    "triggers": "trigger",
    "commands": "command",
    "answers": "answer",
    "faulty_tasks": "fault",
}
"""Sections whose names are patterns, and the word for one entry."""

_SHOWN = 8
_COMPARED = 2000
_ALIKE = 0.75
"""Full names end alike more often than single ids: what is less alike is another Dag's."""


@dataclass(frozen=True)
class TaskFacts:
    """What matters of a task.

    Attributes:
        mapped: alone or in a group.
        asks: a person.
        classes: import paths of its operator's class and of that one's bases, nearest first.
    """

    mapped: bool
    asks: bool
    classes: tuple[str, ...] = ()


Tasks = Mapping[str, TaskFacts]
"""task_id -> facts."""


@dataclass(frozen=True)
class Unmatched:
    """An entry that matches nothing.

    Attributes:
        where: ``file:line``, None where it was made by a call.
        fact: what is wrong, without the nearest name.
        known: names in its place.
        meant: the nearest of them.
        sure: its Dag is there, so no other file can hold what it means.
    """

    section: str
    text: str
    where: str | None
    fact: str
    known: tuple[str, ...]
    meant: str | None
    sure: bool

    @property
    def shown(self) -> str:
        """What there is in its place, and what was probably meant."""
        meant = f"      did you mean {self.meant!r}?" if self.meant else ""
        return (", ".join(self.known) or "(none)") + meant


def unmatched_entries(world: World, find: Callable[[str], Tasks | None], ids: Iterable[str]) -> list[Unmatched]:
    """The entries of stubs, durations and answers that speak of no task.

    Args:
        find: the tasks of a Dag by its id, None where there is no such Dag.
        ids: of all Dags.
    """
    known = _Known(find, list(ids))
    return [
        wrong
        for section in SECTIONS
        for text in getattr(world, section)
        if (wrong := known.judge(section, text, world.where(section, text))) is not None
    ]


def unmatched(word: str, text: str, find: Callable[[str], Tasks | None], ids: Iterable[str]) -> Unmatched | None:
    """What is wrong with a pattern that stands in no world; None when it matches a task.

    Args:
        word: what it is.
        find, ids: as of `unmatched_entries`.
    """
    return _Known(find, list(ids)).judge(word, text, None)


class _Known:
    """The Dags that patterns may speak of."""

    def __init__(self, find: Callable[[str], Tasks | None], ids: list[str]) -> None:
        self._find, self._ids = lru_cache(maxsize=None)(find), ids

    def judge(self, section: str, text: str, where: str | None) -> Unmatched | None:
        """What is wrong with an entry, None when it matches a task."""
        read, word = pattern(text), SECTIONS.get(section, section)
        facts = [facts for _, facts in self._matches(read)]
        if not facts:
            dag_id = self._dag_of(read.name)
            known, meant = self._near(read.name, dag_id)
            fact = f"{word} {text!r} matches no task"
            return Unmatched(section, text, where, fact, known, meant, dag_id is not None)
        if read.map_index is not None and not any(one.mapped for one in facts):
            fact = f"{word} {text!r} matches no task instance: {read.name!r} is not mapped"
            return Unmatched(section, text, where, fact, (read.name,), read.name, True)
        if section == "answers" and not any(one.asks for one in facts):
            asking = self._asking()
            fact = f"{word} {text!r} matches no task that asks a person"
            return Unmatched(section, text, where, fact, tuple(asking[:_SHOWN]), _first(nearest(text, asking)), True)
        return None

    def _matches(self, read: Pattern) -> Iterator[tuple[str, TaskFacts]]:
        """The tasks a pattern names."""
        if read.regexp is None:
            for dag_id, task_id in _splits(read.name):
                facts = (self._find(dag_id) or {}).get(task_id)
                if facts is not None:
                    yield read.name, facts
                    return
        for dag_id in self._ids:
            for task_id, facts in (self._find(dag_id) or {}).items():
                if read.names(dag_id, task_id, facts.classes) is not None:
                    yield f"{dag_id}.{task_id}", facts

    def _dag_of(self, name: str) -> str | None:
        """The Dag that a pattern names in full, None when it names none that is known."""
        found = [dag_id for dag_id, _ in _splits(name) if self._find(dag_id) is not None]
        return found[-1] if found else None

    def _near(self, name: str, dag_id: str | None) -> tuple[tuple[str, ...], str | None]:
        """Names in the place of one that is none, and the one that was probably meant."""
        if dag_id is not None:
            task_id = name[len(dag_id) + 1 :]
            tasks = list(self._find(dag_id) or {})
            close = _first(nearest(task_id, tasks)) or _last_part(task_id, tasks)
            return tuple(f"{dag_id}.{one}" for one in tasks[:_SHOWN]), close and f"{dag_id}.{close}"
        if name.rpartition(".")[2][:1].isupper() and "*" not in name:
            return self._near_classes(name)
        some = list(self._names())[:_COMPARED]
        if "." not in name and (close := _first(nearest(name, tasks := self._task_ids()))):
            return tuple(tasks[:_SHOWN]), close
        plain = name.replace("*", "").strip(".")
        close = _first(nearest(name, some, cutoff=_ALIKE)) or _first([one for one in some if one.endswith(f".{plain}")])
        if close is None and "*" in name:
            tails = {one.partition(".")[2]: one for one in some}
            close = tails.get(_first(nearest(plain, tails)) or "")
        return tuple(some[:_SHOWN]), close

    def _near_classes(self, name: str) -> tuple[tuple[str, ...], str | None]:
        """Classes of operators that are in use, in the place of one that is not."""
        by_name: dict[str, str] = {}
        for dag_id in self._ids:
            for facts in (self._find(dag_id) or {}).values():
                for path in facts.classes[:1]:
                    by_name.setdefault(path.rpartition(".")[2], path)
        close = _first(nearest(name.rpartition(".")[2], by_name))
        return tuple(sorted(by_name)[:_SHOWN]), by_name[close] if close and "." in name else close

    def _task_ids(self) -> list[str]:
        return list(dict.fromkeys(task_id for dag_id in self._ids for task_id in self._find(dag_id) or {}))[:_COMPARED]

    def _names(self) -> Iterator[str]:
        for dag_id in self._ids:
            for task_id in self._find(dag_id) or {}:
                yield f"{dag_id}.{task_id}"

    def _asking(self) -> list[str]:
        return [f"{d}.{t}" for d in self._ids for t, facts in (self._find(d) or {}).items() if facts.asks]


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """(dag_id, task_id) that a full name may mean: both may hold dots."""
    for place, letter in enumerate(name):
        if letter == ".":
            yield name[:place], name[place + 1 :]


def _last_part(task_id: str, tasks: list[str]) -> str | None:
    """A task of this name inside a task group."""
    return next((one for one in tasks if one.endswith(f".{task_id}")), None)


def _first(names: Iterable[str]) -> str | None:
    return next(iter(names), None)

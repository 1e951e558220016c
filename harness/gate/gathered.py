"""Notes of single Dags, put before the checks that look at all of them, or at one Dag twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.checks.context import Judgement, Note
from harness.checks.registry import CHECKS
from harness.results.finding import Problem

Notes = list[list[Any]]


class Gathered:
    """What children noted, by path.

    Args:
        on: ids of the checks that are on.
    """

    def __init__(self, on: Iterable[str]) -> None:
        self._checks = [CHECKS[check_id] for check_id in CHECKS if check_id in set(on)]
        self._notes: dict[str, Notes] = {}
        self._firsts: dict[str, Notes] = {}

    @property
    def parses_twice(self) -> bool:
        """Whether a check looks at Dags twice."""
        return any(check.level == "parses" for check in self._checks)

    def add(self, path: str, notes: Notes) -> Notes:
        """Keep what one file's child noted; returns what is worth keeping beyond this run."""
        self._firsts[path] = [note for note in notes if CHECKS[note[0]].level == "parses"]
        self._notes[path] = [note for note in notes if CHECKS[note[0]].level != "parses"]
        return self._notes[path]

    def second(self, path: str, notes: Notes) -> Iterator[tuple[str, Problem]]:
        """What the checks say of a file's notes and those of its second parse."""
        firsts = {(check, dag_id): Note(path, dag_id, line, value) for check, dag_id, line, value in self._firsts[path]}
        for check_id, dag_id, _, value in notes:
            first = firsts.get((check_id, dag_id))
            if first is not None:
                for problem in CHECKS[check_id].function(first, Note(path, dag_id, first.line, value)):
                    yield check_id, problem

    def problems(self, judgement: Judgement) -> Iterator[tuple[str, Problem]]:
        """What the checks of the repository say: (check id, problem)."""
        for check in self._checks:
            if check.level == "repository":
                yield from ((check.id, problem) for problem in check.function(self._of(check.id), judgement))

    def _of(self, check_id: str) -> list[Note]:
        return [
            Note(path, dag_id, line, value)
            for path, notes in sorted(self._notes.items())
            for check, dag_id, line, value in notes
            if check == check_id
        ]

"""Notes of single Dags, put before the checks that look at all of them, or at one Dag twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from harness.checks.finding import Problem
from harness.checks.look import Judgement, Note
from harness.checks.registry import CHECKS, Check

if TYPE_CHECKING:
    from harness.checks.farm import Farm, Request
    from harness.checks.zygote import Verdict

BATCH = 25
"""Files that one child parses a second time: they have shown that they do no harm."""

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
        self._first_by: dict[tuple[str, str], int] = {}

    @property
    def wants_twins(self) -> bool:
        """Whether a check looks at Dags twice."""
        return any(check.level == "twin" for check in self._checks)

    def add(self, path: str, notes: Notes) -> None:
        """Keep what one file's child noted."""
        self._notes[path] = notes

    def parsed(self, file: tuple[str, str], seed: int, notes: Notes) -> None:
        """Have a file parsed again, by a zygote of another hash seed, to be held against these notes."""
        self._first_by[file] = seed
        self._firsts[file[0]] = notes

    def problems(self, judgement: Judgement) -> Iterator[tuple[str, Problem]]:
        """What the checks of the repository say: (check id, problem)."""
        for check in self._checks:
            if check.level == "repository":
                yield from ((check.id, problem) for problem in check.function(self._of(check.id), judgement))

    def twins(self, farm: Farm) -> dict[str, list[tuple[str, Problem]]]:
        """Parse all a second time and say what the checks of twins say of each file: path -> (check id, problem).

        Files are parsed in batches; one that seems to differ, and all of a batch that failed, once more alone: what a
        file leaves in its process must not be held against the next.
        """
        from harness.checks.farm import Request

        by_seed: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for file, seed in sorted(self._first_by.items()):
            by_seed[seed].append(file)
        batches = [
            Request(tuple(files[at : at + BATCH]), True, frozenset((seed,)))
            for seed, files in by_seed.items()
            for at in range(0, len(files), BATCH)
        ]
        doubtful: list[tuple[str, str]] = []
        farm.run(batches, lambda request, verdict, _: doubtful.extend(self._doubtful(request, verdict)))
        said: dict[str, list[tuple[str, Problem]]] = {file[0]: [] for file in self._first_by}
        alone = [Request((file,), True, frozenset((self._first_by[file],))) for file in doubtful]
        farm.run(alone, lambda request, verdict, _: said.update(self._said(request, verdict)))
        return said

    def _doubtful(self, request: Request, verdict: Verdict) -> list[tuple[str, str]]:
        twins = (verdict.report or {}).get("twins")
        if twins is None:
            return list(request.files)
        return [file for file, notes in zip(request.files, twins, strict=True) if list(self._differing(file[0], notes))]

    def _said(self, request: Request, verdict: Verdict) -> dict[str, list[tuple[str, Problem]]]:
        path, twins = request.files[0][0], (verdict.report or {}).get("twins")
        return {path: [] if twins is None else list(self._differing(path, twins[0]))}

    def _differing(self, path: str, twins: Notes) -> Iterator[tuple[str, Problem]]:
        firsts = {(check, dag_id): Note(path, dag_id, line, value) for check, dag_id, line, value in self._firsts[path]}
        for check_id, dag_id, _, value in twins:
            first = firsts.get((check_id, dag_id))
            if first is not None:
                check: Check = CHECKS[check_id]
                for problem in check.function(first, Note(path, dag_id, first.line, value)):
                    yield check_id, problem

    def _of(self, check_id: str) -> list[Note]:
        return [
            Note(path, dag_id, line, value)
            for path, notes in sorted(self._notes.items())
            for check, dag_id, line, value in notes
            if check == check_id
        ]

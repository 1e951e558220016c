"""Notes of single Dags, put before the checks that look at all of them, or at one Dag twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.checks import catalogue
from harness.checks.context import CheckSelection, Declared, Judgement, Note
from harness.checks.registry import CHECKS
from harness.gate.run import Gathered
from harness.results.finding import Problem

JUDGEMENT = Judgement(frozenset(), Declared(), CheckSelection({}))


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Two checks of a repository and one of second parses; what they were called with."""
    catalogue.load()
    calls: list[Any] = []
    any_check = CHECKS["duplicate-dag-id"]

    def whole(notes: list[Note], judgement: Judgement) -> Iterator[Problem]:
        calls.append(("whole", notes, judgement))
        yield Problem("found")

    def second(one: Note, other: Note) -> Iterator[Problem]:
        calls.append(("parses", one, other))
        yield Problem(f"{one.value} then {other.value}", line=other.line)

    levels = {"z-whole": ("repository", whole), "a-whole": ("repository", whole), "two": ("parses", second)}
    for name, (level, function) in levels.items():
        monkeypatch.setitem(CHECKS, name, replace(any_check, id=name, level=level, function=function))
    return calls


def test_a_repositorys_check_is_given_its_own_notes_by_path(checks: list[Any]) -> None:
    gathered = Gathered(["z-whole"])
    gathered.add("b.py", [["z-whole", "d", 3, "x"]])
    gathered.add("a.py", [["z-whole", "e", None, "y"], ["a-whole", "e", 1, "not its own"], ["z-whole", "f", 4, "z"]])
    assert list(gathered.problems(JUDGEMENT)) == [("z-whole", Problem("found"))]
    ((_, notes, judgement),) = checks
    assert notes == [Note("a.py", "e", None, "y"), Note("a.py", "f", 4, "z"), Note("b.py", "d", 3, "x")]
    assert judgement is JUDGEMENT


def test_those_that_are_on_and_of_the_repository_are_asked_also_without_notes(checks: list[Any]) -> None:
    assert [check for check, _ in Gathered(["two", "a-whole", "z-whole"]).problems(JUDGEMENT)] == ["z-whole", "a-whole"]
    assert list(Gathered([]).problems(JUDGEMENT)) == []


def test_notes_of_a_file_that_is_parsed_again_replace_the_former(checks: list[Any]) -> None:
    gathered = Gathered(["z-whole"])
    gathered.add("a.py", [["z-whole", "d", 3, "old"]])
    gathered.add("a.py", [["z-whole", "d", 3, "new"]])
    list(gathered.problems(JUDGEMENT))
    assert [note.value for note in checks[0][1]] == ["new"]


def test_second_parses_are_wanted_by_their_checks_alone(checks: list[Any]) -> None:
    assert Gathered(["two", "z-whole"]).parses_twice
    assert not Gathered(["z-whole"]).parses_twice


def test_the_notes_of_a_second_parse_meet_those_of_the_first_parse(checks: list[Any]) -> None:
    gathered = Gathered(["two"])
    worth = gathered.add("a.py", [["two", "d", 3, 1], ["two", "e", 4, 1], ["z-whole", "d", 5, "kept"]])
    assert worth == [["z-whole", "d", 5, "kept"]]
    found = list(gathered.second("a.py", [["two", "d", 99, 2], ["two", "new", 1, 2]]))
    assert found == [("two", Problem("1 then 2", line=3))], "lines are those of the first parse"
    assert [(one.dag_id, other.dag_id) for _, one, other in checks] == [("d", "d")]

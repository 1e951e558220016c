"""Findings of one cause are one: what a loop makes, what every file has."""

from __future__ import annotations

from harness.gate.grouping import FEW, Group, grouped
from harness.results.finding import Finding


def found(message: str = "no pool", line: int | None = 1, path: str = "a.py", **more: str) -> Finding:
    return Finding(more.pop("check", "pool-missing"), more.pop("severity", "error"), message, path, line, **more)  # type: ignore[arg-type]


def sizes(*findings: Finding) -> list[int]:
    return [len(group.findings) for group in grouped(findings)]


def test_what_a_loop_makes_in_one_line_is_one() -> None:
    made = [found(f"task 't{n}' of 'd{n}' has none", dag_id=f"d{n}", task_id=f"t{n}") for n in range(9)]
    (group,) = grouped(made)
    assert group.first is made[0]
    assert (group.files, group.places) == (["a.py"], ["a.py:1"])


def test_at_a_few_places_each_is_its_own_and_at_more_all_are_one() -> None:
    assert sizes(*(found(line=n) for n in range(FEW))) == [1] * FEW
    assert sizes(*(found(line=n) for n in range(FEW + 1))) == [FEW + 1]
    twice = [found(line=n, task_id=task) for n in range(FEW) for task in "ab"]
    assert sizes(*twice) == [2] * FEW, "places count, not findings"


def test_the_same_line_of_other_files_is_another_place() -> None:
    (group,) = grouped(found(path=f"{n}.py") for n in range(FEW + 1))
    assert group.files == ["0.py", "1.py", "2.py", "3.py"]
    assert sizes(*(found(path=f"{n}.py") for n in range(FEW))) == [1] * FEW


def test_what_says_something_else_is_another_group() -> None:
    one = found()
    others = [found("other"), found(check="cycle"), found(severity="warning"), found(fix="declare it")]
    assert sizes(one, *others) == [1] * 5
    assert len({group.id for group in grouped([one, *others])}) == 5


def test_names_of_dag_and_task_count_as_whole_words_only() -> None:
    alike = [found("'load' waits", task_id="load"), found("'save' waits", task_id="save")]
    assert sizes(*alike) == [2]
    longer = [found("'loads' waits", task_id="load"), found("'saves' waits", task_id="save")]
    assert sizes(*longer) == [1, 1]
    fixes = [found(fix="set x of load", task_id="load"), found(fix="set x of save", task_id="save")]
    assert sizes(*fixes) == [2]


def test_the_id_does_not_depend_on_where_it_is() -> None:
    here, there = found(line=3, task_id="a", path="a.py"), found(line=9, task_id="b", path="b.py")
    assert Group((here,)).id == Group((there,)).id
    assert len(Group((here,)).id) == 12


def test_groups_come_by_file_then_line_then_check() -> None:
    made = [found(path="b.py"), found(line=9), found("x", 2, check="cycle"), found(line=2), found("no", None)]
    assert [(group.first.path, group.first.line, group.first.check) for group in grouped(made)] == [
        ("a.py", None, "pool-missing"),
        ("a.py", 2, "cycle"),
        ("a.py", 2, "pool-missing"),
        ("a.py", 9, "pool-missing"),
        ("b.py", 1, "pool-missing"),
    ]
    assert grouped([]) == []


def test_a_place_without_a_line_is_the_file() -> None:
    assert Group((found(line=None), found(line=0), found(line=4))).places == ["a.py", "a.py:4"]

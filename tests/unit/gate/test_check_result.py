"""Findings of one cause are one: what a loop makes, what every file has.

--- Paths as people know them: relative to where they stand, wherever a report names one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.gate.check_result import FEW, FileResult, GateResult, Group, grouped, shown, shown_finding, shown_result
from harness.results.finding import Finding


def found(message: str = "no pool", line: int | None = 1, path: str = "a.py", **more: str) -> Finding:
    return Finding(more.pop("check", "pool-missing"), more.pop("severity", "error"), message, path, line, **more)  # type: ignore[arg-type]


def sizes(*findings: Finding) -> list[int]:
    return [len(group.findings) for group in grouped(findings)]


def test_what_a_loop_makes_in_one_line_is_one() -> None:
    made = [found(f"task 't{n}' of 'd{n}' has none", dag_id=f"d{n}", task_id=f"t{n}") for n in range(9)]
    (group,) = grouped(made)
    assert group.first is made[0]
    assert (group.files, group.places) == (("a.py",), ("a.py:1",))


def test_at_a_few_places_each_is_its_own_and_at_more_all_are_one() -> None:
    assert sizes(*(found(line=n) for n in range(FEW))) == [1] * FEW
    assert sizes(*(found(line=n) for n in range(FEW + 1))) == [FEW + 1]
    twice = [found(line=n, task_id=task) for n in range(FEW) for task in "ab"]
    assert sizes(*twice) == [2] * FEW, "places count, not findings"


def test_the_same_line_of_other_files_is_another_place() -> None:
    (group,) = grouped(found(path=f"{n}.py") for n in range(FEW + 1))
    assert group.files == ("0.py", "1.py", "2.py", "3.py")
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
    assert Group((found(line=None), found(line=0), found(line=4))).places == ("a.py", "a.py:4")


ROOT, BASE = Path("/home/me/project"), Path("/home/me/project/dags")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/home/me/project/dags/a.py", "a.py"),
        ("/home/me/project/world.yaml", "../world.yaml"),
        ("/home/me/project-2/a.py", "/home/me/project-2/a.py"),
        ("/usr/lib/a.py", "/usr/lib/a.py"),
        ("a.py", "a.py"),
    ],
)
def test_a_path(path: str, told: str) -> None:
    assert shown(path, BASE, ROOT) == told


def test_one_below_a_folder_outside_of_the_project() -> None:
    assert shown("/elsewhere/dags/a.py", Path("/elsewhere"), ROOT) == "dags/a.py"


def test_all_paths_of_a_finding_those_in_its_texts_too() -> None:
    one = Finding("c", "error", f"reads {ROOT}/x.csv and {BASE}/y.csv", f"{BASE}/a.py", fix=f"write {ROOT}/world.yaml")
    told = shown_finding(one, BASE, ROOT)
    assert (told.path, told.message, told.fix) == ("a.py", "reads ../x.csv and y.csv", "write ../world.yaml")
    assert shown_finding(Finding("c", "error", "m"), BASE, ROOT) == Finding("c", "error", "m")


@pytest.mark.parametrize(
    "text", ["s3:///home/me/project/x", "../home/me/project/x", "/home/me/project-2/x", "/home/me/project"]
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert shown_finding(Finding("c", "error", text), BASE, ROOT).message == text


def test_the_top_of_a_machine_is_no_folder_to_leave_out() -> None:
    assert shown_finding(Finding("c", "error", "reads /etc/x"), Path("/"), Path("/")).message == "reads /etc/x"


def test_a_result_is_shown_whole_and_stays_itself() -> None:
    file = FileResult(f"{BASE}/a.py", ("d",), (Finding("c", "error", "m", f"{BASE}/a.py"),))
    result = GateResult((file,), {"c": "error"}, 1.5)
    told = shown_result(result, BASE, ROOT)
    assert [(one.path, one.dag_ids, one.findings[0].path) for one in told.files] == [("a.py", ("d",), "a.py")]
    assert (told.checks, told.seconds) == (result.checks, result.seconds)
    assert file.path == f"{BASE}/a.py"
